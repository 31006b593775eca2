// The life of a server process: configuration, logs, metrics, gRPC server with health and
// reflection, orderly end. `main` declares what it is made of and calls Run().
//
//   int main(int argc, char** argv) {
//     rpc::Process process("roster", argc, argv);
//     RosterConfig config;                       // adds its keys to process.keys()
//     config.Declare(process.keys());
//     process.Schema(pg::Schema{"roster", kMigrations, &config.pg_url});
//     return process.Run([&](rpc::Serving& serving) -> absl::Status {
//       auto service = std::make_shared<RosterService>(…);
//       serving.Add(service);                    // kept until the server has stopped
//       return absl::OkStatus();
//     });
//   }
//
// Flags beside the keys: --help, --version, --dump-config, --migrate, --check-health. Keys that
// every process has: config, name, grpc_listen, health_listen, metrics_listen, log_level,
// rpc_threads, rpc_queue, rpc_connection_age_s, rpc_tls_*, drain_s.
// Exit codes: 0 orderly end, 2 usage or bad configuration, 3 cannot listen, 4 database (migration),
// 5 unhealthy (--check-health), 1 anything else.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/config/config.h"
#include "libs/rpc/tls.h"

namespace chat::rpc {

class Signals;

class Serving {
 public:
  Serving() = default;
  Serving(const Serving&) = delete;
  ~Serving();
  // A gRPC service, shared so that it outlives the server.
  template <typename Service>
  void Add(std::shared_ptr<Service> service) {
    builder_.RegisterService(service.get());
    Keep(std::move(service));
  }
  // Anything that must live as long as the server; destroyed in reverse order after it has stopped.
  void Keep(std::shared_ptr<void> part) { parts_.push_back(std::move(part)); }
  // Called when the process is to end, in order, before the server shuts down: readiness already
  // fails. The gateway drains its connections here.
  void OnDrain(std::function<void()> drain) { drains_.push_back(std::move(drain)); }
  // Called once the server listens, in order; an error ends the process. Health turns to SERVING
  // after the last one.
  void OnStarted(std::function<absl::Status()> started) { started_.push_back(std::move(started)); }
  const std::string& name() const { return name_; }
  // host:port as configured; its port may be 0.
  const std::string& grpc_listen() const { return grpc_listen_; }
  // drain_s: what a drain may take.
  std::chrono::milliseconds drain() const { return drain_; }
  // The port of grpc_listen; known from OnStarted on.
  int grpc_port() const { return grpc_port_; }
  grpc::ServerBuilder& builder() { return builder_; }

 private:
  friend class Process;
  std::string name_;
  std::string grpc_listen_;
  std::chrono::milliseconds drain_{0};
  int grpc_port_ = 0;
  grpc::ServerBuilder builder_;
  std::vector<std::shared_ptr<void>> parts_;
  std::vector<std::function<void()>> drains_;
  std::vector<std::function<absl::Status()>> started_;
};

class Process {
 public:
  Process(std::string service, int argc, char** argv);
  config::Keys& keys() { return keys_; }
  // The process owns this schema; call once per schema. It has Migrate() and Check(), both called
  // after parsing: see pg::Schema. Processes without a database need not link one.
  template <typename Owned>
  void Schema(Owned schema) {
    schemas_.push_back(
        {[schema] { return schema.Migrate(); }, [schema] { return schema.Check(); }});
  }
  // Parses, starts, waits for SIGTERM or SIGINT, stops; a second signal ends the process at once.
  // Call it before any other thread is started. A `build` that fails with kInvalidArgument says
  // that the configuration is wrong. The result is main's.
  int Run(const std::function<absl::Status(Serving&)>& build);

 private:
  struct OwnedSchema {
    std::function<absl::Status()> migrate;
    std::function<absl::Status()> check;
  };
  enum class Action { kServe, kHelp, kVersion, kDumpConfig, kMigrate, kCheckHealth };
  int Migrate();
  int CheckHealth();
  absl::Status SetUpTls();
  void DeclareKeys();
  // Until PostgreSQL answers, 10 s at most, or a signal ends the wait.
  absl::Status WithDatabase(Signals& signals, std::function<absl::Status()> OwnedSchema::*step);
  int Serve(const std::function<absl::Status(Serving&)>& build);
  int ServeUntilSignal(Signals& signals, int metrics_port,
                       const std::function<absl::Status(Serving&)>& build);
  // From a server that listens to the result of main.
  int ServeOn(grpc::Server& server, Serving& serving, Signals& signals, int metrics_port);

  std::string service_;
  std::vector<std::string> arguments_;
  config::Keys keys_;
  std::vector<OwnedSchema> schemas_;
  std::string name_;
  std::string grpc_listen_ = "127.0.0.1:0";
  std::string health_listen_;
  std::string metrics_listen_ = "127.0.0.1:0";
  std::string log_level_ = "info";
  int64_t rpc_threads_ = 128;
  int64_t rpc_queue_ = 2000;
  int64_t rpc_connection_age_s_ = 0;
  TlsFiles tls_;
  int64_t drain_s_ = 10;
};

}  // namespace chat::rpc
