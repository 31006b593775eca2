#include "libs/rpc/process.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/health.h"
#include "libs/rpc/server.h"
#include "libs/rpc/signals.h"

namespace chat::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

enum ExitCode {
  kOrderly = 0,
  kFailed = 1,
  kUsage = 2,
  kCannotListen = 3,
  kDatabase = 4,
  kUnhealthy = 5
};

constexpr std::chrono::seconds kDatabasePatience{10};
constexpr milliseconds kDatabaseRetry{200};

// To standard output; a reader that has gone is no failure of ours.
void Print(const std::string& text) { std::fputs((text + "\n").c_str(), stdout); }

int Usage(const std::string& service, const std::string& what) {
  std::fprintf(stderr, "chat-%s: %s\n", service.c_str(), what.c_str());
  return kUsage;
}

// The exposer's end takes up to 2 s; the process ends without it. Volatile, so that the pointer is
// really kept, and the leak sanitizer sees that it is.
void Abandon(std::unique_ptr<metrics::Exposer> exposer) {
  [[maybe_unused]] static metrics::Exposer* volatile kept = nullptr;
  kept = exposer.release();
}

}  // namespace

Process::Process(std::string service, int argc, char** argv)
    : service_(std::move(service)),
      arguments_(argv + std::min(argc, 1), argv + argc),
      keys_(service_),
      name_(service_) {
  // How often gRPC looks at idle connections. With its 5 s a peer that ends waits so long for us to
  // let go, and we for the news that a peer has gone.
  setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "250", 0);
  DeclareKeys();
}

void Process::DeclareKeys() {
  keys_.Add("name", &name_, "Name of this process in logs, e.g. " + service_ + "-1.");
  keys_.Add("grpc_listen", &grpc_listen_, "host:port of gRPC; port 0 picks one.");
  keys_.Add("health_listen", &health_listen_,
            "host:port of the health service alone, always plaintext, for probes; empty: none.");
  keys_.Add("metrics_listen", &metrics_listen_, "address:port of GET /metrics; port 0 picks one.");
  keys_.Add("log_level", &log_level_, "debug, info, warn or error.");
  keys_.Add("rpc_threads", &rpc_threads_,
            "Calls served at once; more wait for their turn, see rpc_queue.", 1, 10'000);
  keys_.Add(
      "rpc_queue", &rpc_queue_,
      "Calls that wait for their turn until their deadline, each on a thread of its own; more "
      "are refused with RESOURCE_EXHAUSTED.",
      0, 20'000);
  keys_.Add("rpc_connection_age_s", &rpc_connection_age_s_,
            "Seconds after which callers connect anew, so that new replicas get work; 0: never.", 0,
            86'400);
  keys_.Add("rpc_tls_cert", &tls_.certificate,
            "PEM file with the certificate for gRPC, in both directions; empty: plaintext.");
  keys_.Add("rpc_tls_key", &tls_.key, "PEM file with the key of rpc_tls_cert.");
  keys_.Add("rpc_tls_ca", &tls_.authority,
            "PEM file with the authority of the peers' certificates.");
  keys_.Add("rpc_tls_name", &tls_.name, "DNS name that a peer's certificate must carry.");
  keys_.Add("rpc_tls_reload_s", &tls_.reload_s, "How often these files are read again, seconds.", 1,
            86'400);
  keys_.Add("drain_s", &drain_s_, "Seconds that running calls get when the process ends.", 0, 3600);
}

namespace {

// Takes the flags that are no keys out of `arguments`; the last one counts.
template <typename Action, size_t size>
Action TakeAction(std::vector<std::string>* arguments, Action otherwise,
                  const std::array<std::pair<const char*, Action>, size>& actions) {
  Action chosen = otherwise;
  std::erase_if(*arguments, [&](const std::string& argument) {
    for (const auto& [flag, action] : actions) {
      if (argument != flag) continue;
      chosen = action;
      return true;
    }
    return false;
  });
  return chosen;
}

}  // namespace

int Process::Run(const std::function<absl::Status(Serving&)>& build) {
  constexpr std::array<std::pair<const char*, Action>, 5> kActions = {
      {{"--help", Action::kHelp},
       {"--version", Action::kVersion},
       {"--dump-config", Action::kDumpConfig},
       {"--migrate", Action::kMigrate},
       {"--check-health", Action::kCheckHealth}}};
  Action action = TakeAction(&arguments_, Action::kServe, kActions);
  if (action == Action::kHelp) {
    Print("chat-" + service_ +
          " [--help | --version | --dump-config | --migrate | --check-health] [--key=value …]\n\n"
          "Keys, as flag or as environment variable:\n" +
          keys_.Help());
    return kOrderly;
  }
  if (action == Action::kVersion) {
    Print("chat-" + service_ + " " CHAT_VERSION);
    return kOrderly;
  }
  absl::Status parsed = keys_.Parse(arguments_, [](const char* name) { return std::getenv(name); });
  if (!parsed.ok()) return Usage(service_, Message(parsed));
  log::Level level;
  if (!log::ParseLevel(log_level_, &level)) {
    return Usage(service_, "key 'log_level': must be debug, info, warn or error");
  }
  if (name_.empty()) return Usage(service_, "key 'name': must not be empty");
  if (action == Action::kDumpConfig) {
    Print(keys_.DumpJson());
    return kOrderly;
  }
  log::Start(name_, level);
  if (action == Action::kCheckHealth) return CheckHealth();
  setenv("PGAPPNAME", name_.c_str(), 0);  // who we are in pg_stat_activity
  return action == Action::kMigrate ? Migrate() : Serve(build);
}

absl::Status Process::SetUpTls() { return tls_.off() ? absl::OkStatus() : UseTls(tls_); }

int Process::CheckHealth() {
  absl::Status usable = SetUpTls();
  if (!usable.ok()) return Usage(service_, Message(usable));
  const std::string& address = health_listen_.empty() ? grpc_listen_ : health_listen_;
  std::string why;
  if (AsksHealthy(address, !health_listen_.empty(), &why)) return kOrderly;
  std::fprintf(stderr, "chat-%s at %s is not healthy: %s\n", service_.c_str(), address.c_str(),
               why.c_str());
  return kUnhealthy;
}

int Process::Migrate() {
  Signals signals;
  absl::Status status = WithDatabase(signals, &OwnedSchema::migrate);
  if (status.ok()) return kOrderly;
  log::Error("migration failed", {{"why", Message(status)}});
  return kDatabase;
}

absl::Status Process::WithDatabase(Signals& signals,
                                   std::function<absl::Status()> OwnedSchema::*step) {
  auto patience = steady_clock::now() + kDatabasePatience;
  for (const OwnedSchema& schema : schemas_) {
    for (bool told = false;;) {
      absl::Status status = (schema.*step)();
      if (status.ok()) break;
      if (status.code() != absl::StatusCode::kUnavailable || steady_clock::now() >= patience) {
        return status;
      }
      if (!told) log::Warn("PostgreSQL does not answer yet", {{"why", Message(status)}});
      told = true;
      if (signals.Wait(kDatabaseRetry)) return status;
    }
  }
  return absl::OkStatus();
}

int Process::Serve(const std::function<absl::Status(Serving&)>& build) {
  Signals signals;
  absl::Status usable = SetUpTls();  // it starts a thread
  if (!usable.ok()) return Usage(service_, Message(usable));
  log::Info("starting", {{"version", CHAT_VERSION}, {"configuration", keys_.Line()}});
  auto exposer = std::make_unique<metrics::Exposer>(metrics_listen_);
  if (!exposer->ok()) {
    log::Error("cannot listen", {{"key", "metrics_listen"}, {"address", metrics_listen_}});
    return kCannotListen;
  }
  int metrics_port = exposer->port();
  Abandon(std::move(exposer));
  absl::Status migrated = WithDatabase(signals, &OwnedSchema::check);
  if (!migrated.ok()) {
    if (signals.Wait(milliseconds(0))) return kOrderly;
    log::Error("the database is not ready; --migrate brings it up to date",
               {{"why", Message(migrated)}});
    return kDatabase;
  }
  return ServeUntilSignal(signals, metrics_port, build);
}

int Process::ServeUntilSignal(Signals& signals, int metrics_port,
                              const std::function<absl::Status(Serving&)>& build) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  Serving serving;
  serving.name_ = name_;
  serving.grpc_listen_ = grpc_listen_;
  serving.drain_ = std::chrono::seconds(drain_s_);
  Configure(serving.builder_, grpc_listen_,
            {static_cast<int>(rpc_threads_), static_cast<int>(rpc_queue_)}, &serving.grpc_port_);
  if (rpc_connection_age_s_ > 0) {
    serving.builder_.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                                        static_cast<int>(rpc_connection_age_s_ * 1000));
  }
  absl::Status built = build(serving);
  if (!built.ok()) {
    log::Error("cannot start", {{"why", Message(built)}});
    return built.code() == absl::StatusCode::kInvalidArgument ? kUsage : kFailed;
  }
  std::unique_ptr<grpc::Server> server = serving.builder_.BuildAndStart();
  if (server == nullptr || serving.grpc_port_ == 0) {
    log::Error("cannot listen", {{"key", "grpc_listen"}, {"address", grpc_listen_}});
    return kCannotListen;
  }
  int result = ServeOn(*server, serving, signals, metrics_port);
  server.reset();
  log::Info("ended");
  return result;
}

int Process::ServeOn(grpc::Server& server, Serving& serving, Signals& signals, int metrics_port) {
  Health health(server);
  int health_port = 0;
  absl::Status started;
  int result = kFailed;
  if (!health_listen_.empty() && !health.Listen(health_listen_, &health_port)) {
    started = absl::UnavailableError(View("cannot listen at health_listen " + health_listen_));
    result = kCannotListen;
  }
  for (const auto& function : serving.started_) {
    if (started.ok()) started = function();
  }
  if (started.ok()) {
    health.Started();
    log::Info("serving", {{"grpc_port", serving.grpc_port_},
                          {"health_port", health_port},
                          {"metrics_port", metrics_port},
                          {"tls", !tls_.off()}});
    signals.Wait();
    result = kOrderly;
  } else {
    log::Error("cannot start", {{"why", Message(started)}});
  }
  health.Ending();
  for (const auto& drain : serving.drains_) drain();
  server.Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(drain_s_));
  server.Wait();
  return result;
}

Serving::~Serving() {
  while (!parts_.empty()) parts_.pop_back();
}

}  // namespace chat::rpc
