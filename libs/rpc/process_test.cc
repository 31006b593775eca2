// The life of a process, seen from outside: flags, exit codes, signals.
#include "libs/rpc/process.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <set>
#include <sstream>

#include "chat/v1/messaging.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"
#include "libs/rpc/test_child.h"

namespace chat::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

// As Process does: the child's end waits until we let go of our idle connection.
[[maybe_unused]] const int kPolled =
    ::setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "250", 0);

absl::Status Ask(const std::string& address, int64_t milliseconds) {
  auto stub = v1::FeedsInternal::NewStub(Direct(address));
  v1::FeedAccessRequest request;
  request.set_account_id(milliseconds);
  v1::FeedAccessReply reply;
  return Invoke(Background(20s), *stub, &v1::FeedsInternal::Stub::Access, request, &reply, 20s);
}

TEST(ProcessTest, ItSaysWhatItIs) {
  Child version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_EQ(version.output(), "chat-test " CHAT_VERSION "\n");
  Child help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_THAT(help.output(), HasSubstr("CHAT_TEST_DRAIN_S"));
}

TEST(ProcessTest, TheDumpOfTheConfigurationIsJsonWithEveryKey) {
  Child child({"--dump-config", "--pg_url=postgresql://me:hunter2@db", "--drain_s=3"});
  EXPECT_EQ(child.Wait(), 0);
  std::vector<std::string> keys;
  for (const auto& key : nlohmann::json::parse(child.output())) keys.push_back(key["key"]);
  for (const char* key :
       {"config", "name", "grpc_listen", "health_listen", "metrics_listen", "log_level",
        "rpc_threads", "rpc_connection_age_s", "rpc_tls_cert", "drain_s", "pg_url"}) {
    EXPECT_THAT(keys, ::testing::Contains(key));
  }
  EXPECT_THAT(child.output(), Not(HasSubstr("hunter2")));
}

TEST(ProcessTest, ABadConfigurationIsRefusedWithTheNameOfTheKey) {
  for (const char* flag : {"--drain_s=soon", "--colour=red", "--log_level=loud", "--rpc_threads=0",
                           "--name=", "nonsense"}) {
    Child child({flag});
    EXPECT_EQ(child.Wait(), 2) << flag;
    std::string text(flag);
    EXPECT_THAT(child.errors(), HasSubstr(text.substr(2, text.find('=') - 2))) << flag;
  }
  EXPECT_EQ(Child({"--failure=config"}).Wait(), 2);
}

TEST(ProcessTest, ItServesUntilItIsToldToEndAndThenEndsInOrder) {
  Child child({"--pg_url=postgresql://me:hunter2@db"}, true);
  std::string address = child.AwaitAddress();
  ASSERT_NE(address, "");
  EXPECT_TRUE(Ask(address, 0).ok());
  auto callback = v1::DeliveryInternal::NewStub(Direct(address));
  v1::CloseSessionReply reply;
  EXPECT_TRUE(
      Invoke(Background(5s), *callback, &v1::DeliveryInternal::Stub::CloseSession, {}, &reply)
          .ok());
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_THAT(child.output(), HasSubstr("drain\nservice gone\nsecond gone\nfirst gone\n"));
  EXPECT_THAT(child.errors(), HasSubstr("\"message\":\"starting\""));
  EXPECT_THAT(child.errors(), HasSubstr("pg_url=***"));
  EXPECT_THAT(child.errors(), Not(HasSubstr("hunter2")));
}

TEST(ProcessTest, CallsThatRunAreFinished) {
  Child child({}, true);
  std::string address = child.AwaitAddress();
  auto running = std::async(std::launch::async, [&] { return Ask(address, 500); });
  ASSERT_TRUE(child.Await("asked"));
  child.Signal(SIGINT);
  EXPECT_TRUE(running.get().ok());
  EXPECT_EQ(child.Wait(), 0);
}

TEST(ProcessTest, ASecondSignalEndsItAtOnce) {
  Child child({"--drain_s=60"}, true);
  std::string address = child.AwaitAddress();
  auto running = std::async(std::launch::async, [&] { return Ask(address, 10'000); });
  ASSERT_TRUE(child.Await("asked"));
  auto begin = steady_clock::now();
  child.Signal(SIGTERM);
  ASSERT_TRUE(child.Await("drain"));
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 1);
  EXPECT_LT(steady_clock::now() - begin, 5s);
  EXPECT_FALSE(running.get().ok());
}

TEST(ProcessTest, HealthIsWhatCheckHealthSays) {
  Child child({}, true);
  std::string address = child.AwaitAddress();
  auto check = [&] { return Child({"--check-health", "--grpc_listen=" + address}).Wait(); };
  auto patience = steady_clock::now() + 10s;
  int status = 5;
  while (status != 0 && steady_clock::now() < patience) status = check();
  EXPECT_EQ(status, 0);
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(check(), 5);
}

std::string Health(const std::string& address, const std::string& service) {
  auto stub = grpc::health::v1::Health::NewStub(Direct(address));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 5s);
  context.set_wait_for_ready(true);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  grpc::Status status = stub->Check(&context, request, &response);
  if (!status.ok()) return status.error_message();
  return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
}

TEST(ProcessTest, HealthTellsReadyStartedAndLiveApart) {
  Child child({"--health_listen=127.0.0.1:0"}, true);
  std::string address = child.AwaitAddress();
  ASSERT_TRUE(child.AwaitError("\"message\":\"serving\""));
  std::string probes = "127.0.0.1:" + child.Logged("health_port");
  EXPECT_EQ(Child({"--check-health", "--health_listen=" + probes}).Wait(), 0);
  for (const char* service : {"", "startup", "live"}) {
    EXPECT_EQ(Health(address, service), "SERVING") << service;
    EXPECT_EQ(Health(probes, service), "SERVING") << service;
  }
  auto running = std::async(std::launch::async, [&] { return Ask(address, 1000); });
  ASSERT_TRUE(child.Await("asked"));
  child.Signal(SIGTERM);
  ASSERT_TRUE(child.Await("drain"));
  EXPECT_EQ(Health(probes, ""), "NOT_SERVING");
  EXPECT_EQ(Health(probes, "startup"), "SERVING");
  EXPECT_EQ(Health(probes, "live"), "SERVING");
  EXPECT_TRUE(running.get().ok());
  EXPECT_EQ(child.Wait(), 0);
}

TEST(ProcessTest, NothingButHealthIsAnsweredWhereProbesAsk) {
  Child child({"--health_listen=127.0.0.1:0"}, true);
  ASSERT_TRUE(child.AwaitError("\"message\":\"serving\""));
  absl::Status status = Ask("127.0.0.1:" + child.Logged("health_port"), 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << Message(status);
}

TEST(ProcessTest, ConnectionsEndAtTheirAgeAndCallsGoOn) {
  Child child({"--rpc_connection_age_s=1"}, true);
  auto stub = v1::FeedsInternal::NewStub(Direct(child.AwaitAddress()));
  v1::FeedAccessRequest request;
  request.set_account_id(20);  // milliseconds of a call
  for (auto end = steady_clock::now() + 3500ms; steady_clock::now() < end;) {
    v1::FeedAccessReply reply;
    absl::Status asked =
        Invoke(Background(5s), *stub, &v1::FeedsInternal::Stub::Access, request, &reply);
    ASSERT_TRUE(asked.ok()) << Message(asked);
  }
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 0);
  std::set<std::string> peers;
  std::istringstream said(child.output());
  for (std::string line; std::getline(said, line);) {
    if (line.starts_with("asked ")) peers.insert(line);
  }
  EXPECT_GE(peers.size(), 3u);
}

TEST(ProcessTest, AnAddressThatIsTakenIsSaid) {
  Child child({}, true);
  std::string address = child.AwaitAddress();
  EXPECT_EQ(Child({"--grpc_listen=" + address}).Wait(), 3);
  EXPECT_EQ(Child({"--metrics_listen=" + address, "--grpc_listen=127.0.0.1:0"}).Wait(), 3);
  EXPECT_EQ(Child({"--metrics_listen=nonsense"}).Wait(), 3);
}

TEST(ProcessTest, AFailureWhileStartingEndsIt) {
  EXPECT_EQ(Child({"--failure=build"}).Wait(), 1);
  EXPECT_EQ(Child({"--failure=started"}, true).Wait(), 1);
}

class ProcessDatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("CHAT_TEST_PG");
    ASSERT_NE(url, nullptr)
        << "CHAT_TEST_PG must name a PostgreSQL (postgresql://…); tests/run does";
    url_ = url;
    schema_ = "test_process_" + std::to_string(::getpid());
    ::setenv("TEST_SCHEMA", schema_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("TEST_SCHEMA");
    pqxx::connection connection(url_);
    pqxx::work work(connection);
    work.exec("DROP SCHEMA IF EXISTS " + schema_ + " CASCADE");
    work.commit();
  }
  std::string url_;
  std::string schema_;
};

TEST_F(ProcessDatabaseTest, ItServesOnlyWhenItsSchemaIsMigrated) {
  Child early({"--pg_url=" + url_}, true);
  EXPECT_EQ(early.Wait(), 4);
  EXPECT_THAT(early.errors(), HasSubstr("not migrated"));
  EXPECT_EQ(Child({"--migrate", "--pg_url=" + url_}).Wait(), 0);
  EXPECT_EQ(Child({"--migrate", "--pg_url=" + url_}).Wait(), 0);
  Child child({"--pg_url=" + url_}, true);
  EXPECT_NE(child.AwaitAddress(), "");
}

TEST_F(ProcessDatabaseTest, WithoutADatabaseItGivesUpOrEndsWhenTold) {
  Child patient({"--migrate", "--pg_url=postgresql://127.0.0.1:1/x"});
  Child told({"--pg_url=postgresql://127.0.0.1:1/x"}, true);
  auto begin = steady_clock::now();
  ASSERT_TRUE(told.AwaitError("does not answer yet"));
  told.Signal(SIGTERM);
  EXPECT_EQ(told.Wait(), 0);
  EXPECT_LT(steady_clock::now() - begin, 8s);
  EXPECT_EQ(patient.Wait(), 4);
}

}  // namespace
}  // namespace chat::rpc
