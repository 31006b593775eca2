// For process_test: a process like any other, with a synchronous and a callback service. With `pg`
// set it owns the schema of that name.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <thread>

#include "chat/v1/gateway.grpc.pb.h"
#include "chat/v1/messaging.grpc.pb.h"
#include "libs/pg/migrate.h"
#include "libs/rpc/call.h"
#include "libs/rpc/process.h"

namespace chat::rpc {
namespace {

constexpr pg::Migration kMigrations[] = {{"0001_none.sql", "SELECT 1"}};

void Say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

class Feeds : public v1::FeedsInternal::Service {
 public:
  ~Feeds() override { Say("service gone"); }
  // The account id is the time in milliseconds that the answer takes.
  grpc::Status Access(grpc::ServerContext* context, const v1::FeedAccessRequest* request,
                      v1::FeedAccessReply* reply) override {
    return Serve(context, "FeedsInternal/Access", [&](const Call&) {
      Say("asked " + context->peer());
      std::this_thread::sleep_for(std::chrono::milliseconds(request->account_id()));
      reply->set_read(true);
      return absl::OkStatus();
    });
  }
};

class Delivery : public v1::DeliveryInternal::CallbackService {
  grpc::ServerUnaryReactor* CloseSession(grpc::CallbackServerContext* context,
                                         const v1::CloseSessionRequest*,
                                         v1::CloseSessionReply*) override {
    auto begin = std::chrono::steady_clock::now();
    Call call = FromServerContext(*context);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(Served(call, "DeliveryInternal/CloseSession", begin, absl::OkStatus()));
    return reactor;
  }
};

struct Part {
  explicit Part(std::string name_) : name(std::move(name_)) {}
  ~Part() { Say(name + " gone"); }
  std::string name;
};

int Main(int argc, char** argv) {
  Process process("test", argc, argv);
  std::string pg_url, schema, failure;
  process.keys().Add("pg_url", &pg_url, "PostgreSQL.", config::Secret::kYes);
  process.keys().Add("failure", &failure, "build or started: what fails.");
  if (const char* name = std::getenv("TEST_SCHEMA")) process.Schema(pg::Schema{name, kMigrations, &pg_url});
  return process.Run([&](Serving& serving) -> absl::Status {
    if (failure == "build") return absl::InternalError("as told");
    if (failure == "config") return absl::InvalidArgumentError("as told");
    serving.Keep(std::make_shared<Part>("first"));
    serving.Keep(std::make_shared<Part>("second"));
    serving.Add(std::make_shared<Feeds>());
    serving.Add(std::make_shared<Delivery>());
    serving.OnStarted([&]() -> absl::Status {
      if (failure == "started") return absl::InternalError("as told");
      Say("port " + std::to_string(serving.grpc_port()));
      return absl::OkStatus();
    });
    serving.OnDrain([] { Say("drain"); });
    return absl::OkStatus();
  });
}

}  // namespace
}  // namespace chat::rpc

int main(int argc, char** argv) { return chat::rpc::Main(argc, argv); }
