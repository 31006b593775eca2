// Mutual TLS: processes as children, this process as their peer with one certificate of its own.
// UseTls() is for the whole process, so what needs another identity is a child or a plain channel.
#include "libs/rpc/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/test_certificates.h"
#include "libs/rpc/test_child.h"

namespace chat::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

std::vector<std::string> Serving(const TlsFiles& files) {
  std::vector<std::string> flags = TlsFlags(files);
  flags.push_back("--health_listen=127.0.0.1:0");
  return flags;
}

int CheckHealth(const std::string& address, const TlsFiles& files) {
  std::vector<std::string> flags = TlsFlags(files);
  flags.insert(flags.end(), {"--check-health", "--grpc_listen=" + address});
  return Child(flags).Wait();
}

class TlsTest : public ::testing::Test {
 protected:
  // What peers think of a process with these files, the only question being its certificate.
  bool Serves(const TlsFiles& files) {
    Child child(Serving(files), true);
    return CheckHealth(child.AwaitAddress(), ours_) == 0;
  }
  TestAuthority authority_;
  TlsFiles ours_ = authority_.Issue("ours");
};

TEST_F(TlsTest, ProcessesOfOneAuthorityUnderstandEachOther) {
  Child child(Serving(authority_.Issue("server")), true);
  std::string address = child.AwaitAddress();
  ASSERT_TRUE(child.AwaitError("\"message\":\"serving\""));
  EXPECT_EQ(CheckHealth(address, ours_), 0);
  EXPECT_EQ(child.Logged("tls"), "true");
}

TEST_F(TlsTest, ACallerWithoutTheRightCertificateGetsNothing) {
  Child child(Serving(authority_.Issue("server")), true);
  std::string address = child.AwaitAddress();
  ASSERT_TRUE(child.AwaitError("\"message\":\"serving\""));
  ASSERT_EQ(CheckHealth(address, ours_), 0);
  EXPECT_EQ(CheckHealth(address, {}), 5) << "plaintext";
  TestAuthority other;
  EXPECT_EQ(CheckHealth(address, other.Issue("stranger")), 5) << "of another authority";
  TlsFiles stranger = other.Issue("stranger");
  stranger.authority = authority_.Path("ca.crt");  // it trusts us, we not it
  EXPECT_EQ(CheckHealth(address, stranger), 5) << "of another authority that trusts ours";
  TlsFiles neighbour = authority_.Issue("neighbour", "billing");
  neighbour.name = "billing";
  EXPECT_EQ(CheckHealth(address, neighbour), 5) << "of our authority, not of our cluster";
  EXPECT_EQ(CheckHealth(address, authority_.Issue("late", "chat", -10)), 5) << "past its end";
  EXPECT_EQ(CheckHealth(address, ours_), 0) << "and nobody else is disturbed";

  grpc::SslCredentialsOptions no_certificate;  // knows the authority, shows nothing
  std::ifstream file(authority_.Path("ca.crt"));
  no_certificate.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("chat");
  auto channel =
      grpc::CreateCustomChannel("ipv4:" + address, grpc::SslCredentials(no_certificate), arguments);
  auto stub = v1::FeedsInternal::NewStub(channel);
  v1::FeedAccessReply reply;
  absl::Status asked = Invoke(Background(5s), *stub, &v1::FeedsInternal::Stub::Access, {}, &reply);
  EXPECT_FALSE(asked.ok());
  EXPECT_EQ(child.output().find("asked"), std::string::npos);
}

TEST_F(TlsTest, AServerWithoutTheRightCertificateIsNotAsked) {
  EXPECT_TRUE(Serves(authority_.Issue("server")));
  TestAuthority other;
  TlsFiles stranger = other.Issue("stranger");
  stranger.authority = authority_.Path("ca.crt");
  EXPECT_FALSE(Serves(stranger));
  TlsFiles neighbour = authority_.Issue("neighbour", "billing");
  neighbour.name = "billing";
  EXPECT_FALSE(Serves(neighbour));
}

TEST_F(TlsTest, RenewedFilesAreUsedWithoutARestart) {
  TestAuthority next;
  TlsFiles files = authority_.Issue("server");
  Child child(Serving(files), true);
  std::string address = child.AwaitAddress();
  ASSERT_TRUE(child.AwaitError("\"message\":\"serving\""));
  TlsFiles caller = next.Issue("caller");
  ASSERT_EQ(CheckHealth(address, ours_), 0);
  ASSERT_EQ(CheckHealth(address, caller), 5);
  // The whole identity changes hands: authority, certificate and key.
  TlsFiles renewed = next.Issue("server");
  for (auto [from, to] : {std::pair(renewed.authority, files.authority),
                          {renewed.key, files.key},
                          {renewed.certificate, files.certificate}}) {
    std::filesystem::copy_file(from, to + ".new");
    std::filesystem::rename(to + ".new", to);
  }
  auto patience = steady_clock::now() + 20s;
  int status = 5;
  while (status != 0 && steady_clock::now() < patience) status = CheckHealth(address, caller);
  EXPECT_EQ(status, 0);
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 0);
}

TEST_F(TlsTest, ProbesNeedNoCertificate) {
  Child child(Serving(authority_.Issue("server")), true);
  ASSERT_TRUE(child.AwaitError("\"message\":\"serving\""));
  std::string probes = "127.0.0.1:" + child.Logged("health_port");
  EXPECT_EQ(Child({"--check-health", "--health_listen=" + probes}).Wait(), 0);
}

TEST_F(TlsTest, FilesThatNoPeerWouldTakeAreRefusedAtStartWithTheNameOfTheKey) {
  auto refused = [](const TlsFiles& files) {
    Child child(TlsFlags(files), true);
    EXPECT_EQ(child.Wait(), 2);
    return child.errors();
  };
  TlsFiles without_key = ours_;
  without_key.key = "";
  EXPECT_THAT(refused(without_key), HasSubstr("key 'rpc_tls_key'"));
  TlsFiles nowhere = ours_;
  nowhere.certificate = "/nonexistent.crt";
  EXPECT_THAT(refused(nowhere), HasSubstr("key 'rpc_tls_cert'"));
  TlsFiles mixed = ours_;
  mixed.key = authority_.Issue("another").key;
  EXPECT_THAT(refused(mixed), HasSubstr("key 'rpc_tls_key'"));
  TlsFiles no_authority = ours_;
  no_authority.authority = ours_.key;
  EXPECT_THAT(refused(no_authority), HasSubstr("key 'rpc_tls_ca'"));
  EXPECT_THAT(refused(authority_.Issue("neighbour", "billing")), HasSubstr("key 'rpc_tls_name'"));
}

// Last: it makes this process itself a part of the cluster.
TEST_F(TlsTest, ZChannelsOfAProcessShowItsCertificate) {
  Child child(Serving(authority_.Issue("server")), true);
  std::string address = child.AwaitAddress();
  ASSERT_TRUE(UseTls(ours_).ok());
  for (const auto& channel : {Direct(address), RoundRobin({address, address})}) {
    auto stub = v1::FeedsInternal::NewStub(channel);
    v1::FeedAccessReply reply;
    absl::Status asked =
        Invoke(Background(5s), *stub, &v1::FeedsInternal::Stub::Access, {}, &reply);
    EXPECT_TRUE(asked.ok()) << Message(asked);
  }
}

}  // namespace
}  // namespace chat::rpc
