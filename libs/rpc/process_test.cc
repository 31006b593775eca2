// The life of a process, seen from outside: flags, exit codes, signals.
#include "libs/rpc/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/rpc/call.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"

namespace chat::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

// As Process does: the child's end waits until we let go of our idle connection.
[[maybe_unused]] const int kPolled =
    ::setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "250", 0);

// The test process as a child; killed and reaped when it goes out of scope.
class Child {
 public:
  explicit Child(std::vector<std::string> flags, bool serves = false) {
    if (serves) flags.push_back("--grpc_listen=127.0.0.1:0");
    std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rpc_test_process";
    std::vector<char*> arguments = {program.data()};
    for (std::string& flag : flags) arguments.push_back(flag.data());
    arguments.push_back(nullptr);
    int out[2], err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      ::execv(program.c_str(), arguments.data());
      ::_exit(127);
    }
    ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
    ::close(err_);
  }

  void Signal(int signal) { ::kill(pid_, signal); }
  // The status that the process ends with.
  int Wait() {
    Read([] { return false; });
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  }
  // Reads until standard output holds `text`.
  bool Await(const std::string& text) {
    return Read([&] { return output_.find(text) != std::string::npos; });
  }
  bool AwaitError(const std::string& text) {
    return Read([&] { return errors_.find(text) != std::string::npos; });
  }
  std::string AwaitAddress() {
    size_t at = std::string::npos;
    bool whole = Read([&] {
      at = output_.find("port ");
      return at != std::string::npos && output_.find('\n', at) != std::string::npos;
    });
    if (!whole) return "";
    std::string rest = output_.substr(at + 5);
    return "127.0.0.1:" + rest.substr(0, rest.find('\n'));
  }
  const std::string& output() const { return output_; }
  const std::string& errors() const { return errors_; }

 private:
  template <typename Done>
  bool Read(const Done& done) {
    auto patience = steady_clock::now() + 30s;
    pollfd fds[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    while (!done() && steady_clock::now() < patience) {
      if (fds[0].fd < 0 && fds[1].fd < 0) return false;
      if (::poll(fds, 2, 100) <= 0) continue;
      for (pollfd& event : fds) {
        if (event.revents == 0) continue;
        char buffer[4096];
        ssize_t count = ::read(event.fd, buffer, sizeof buffer);
        if (count <= 0) {
          event.fd = -1;
          continue;
        }
        (&event == &fds[0] ? output_ : errors_).append(buffer, static_cast<size_t>(count));
      }
    }
    return done();
  }

  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::string output_, errors_;
};

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
  for (const char* key : {"config", "name", "grpc_listen", "metrics_listen", "log_level",
                          "rpc_threads", "drain_s", "pg_url"}) {
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
