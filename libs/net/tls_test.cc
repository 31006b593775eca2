#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "libs/base/status.h"
#include "libs/net/tls_stream.h"
#include "libs/net/tls_testing.h"

namespace chat::net {
namespace {

using testing_support::Authority;
using testing_support::BlockingClient;
using testing_support::EchoServer;
using testing_support::TlsClient;
using testing_support::TlsClientOptions;

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "tls-" + std::to_string(getpid()) + "-" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    files_.certificate = folder_ + "/certificate.pem";
    files_.key = folder_ + "/key.pem";
    WriteCertificate("first");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  void WriteCertificate(const std::string& name) {
    const Authority::Issued issued = authority_.Issue(name);
    Write(files_.certificate, issued.certificate);
    Write(files_.key, issued.key);
  }
  void AskForClients(bool require) {
    files_.client_ca = folder_ + "/ca.pem";
    files_.require_client = require;
    Write(files_.client_ca, authority_.certificate());
  }
  void Listen() {
    auto context = TlsContext::Load(files_);
    ASSERT_TRUE(context.ok()) << context.status();
    context_ = *context;
    server_ = std::make_unique<EchoServer>(
        [this](Loop& loop, std::shared_ptr<Stream> stream, const EchoServer::Accept& accept) {
          accept(MakeTlsStream(loop, std::move(stream), *context_));
        });
  }
  // Whether a client with these options is served.
  bool Serves(const TlsClientOptions& options) {
    TlsClient client(server_->port(), options);
    return client.open() && client.Send("x") && client.Receive(1) == "x";
  }

  std::string folder_;
  TlsFiles files_;
  Authority authority_;
  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<EchoServer> server_;
};

TEST_F(TlsTest, WhatIsWrittenComesBackOverBothVersions) {
  Listen();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server_->port(), {version, {}});
    ASSERT_TRUE(client.open());
    EXPECT_EQ(client.version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    client.Send("hello");
    EXPECT_EQ(client.Receive(5), "hello");
  }
}

TEST_F(TlsTest, OlderVersionsAreRefused) {
  Listen();
  EXPECT_FALSE(TlsClient(server_->port(), {TLS1_1_VERSION, {}}).open());
}

TEST_F(TlsTest, MoreThanOneRecordArrivesWhole) {
  Listen();
  TlsClient client(server_->port());
  const std::string sent(3 << 20, 'x');
  auto writing = std::async(std::launch::async, [&] {
    for (size_t at = 0; at < sent.size(); at += 100'000) {
      client.Send(std::string_view(sent).substr(at, 100'000));
    }
  });
  writing.get();
  EXPECT_EQ(client.Receive(sent.size()), sent);
}

TEST_F(TlsTest, CloseWritesOutWhatIsQueuedAndSaysGoodbye) {
  Listen();
  TlsClient client(server_->port());
  client.Send("bye");
  EXPECT_EQ(client.Receive(3), "bye");
  EXPECT_TRUE(client.AwaitCloseNotify());
}

TEST_F(TlsTest, TheOwnerHearsOfTheEnd) {
  Listen();
  { TlsClient client(server_->port()); }
  EXPECT_TRUE(server_->AwaitEnd());
}

TEST_F(TlsTest, WhatIsNoHandshakeEndsTheConnection) {
  Listen();
  BlockingClient client(server_->port());
  client.Send(std::string("\x10\x0C\0\4MQTT\4\0\0\0\0", 13));
  EXPECT_LT(client.ReceiveAll().size(), 10u) << "an alert and no more";
  EXPECT_TRUE(server_->AwaitEnd());
}

TEST_F(TlsTest, ANewCertificateIsServedWhileOldConnectionsLive) {
  Listen();
  TlsClient old(server_->port());
  EXPECT_EQ(old.server_name(), "first");
  EXPECT_FALSE(context_->Refresh().value()) << "nothing has changed";
  WriteCertificate("second");
  EXPECT_TRUE(context_->Refresh().value());
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "second");
  old.Send("still here");
  EXPECT_EQ(old.Receive(10), "still here");
}

TEST_F(TlsTest, AfterABadReplacementTheOldCertificateIsServed) {
  Listen();
  Write(files_.certificate, "no certificate");
  EXPECT_FALSE(context_->Refresh().ok());
  Write(files_.certificate, authority_.Issue("of another key").certificate);
  EXPECT_FALSE(context_->Refresh().ok());
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "first");
}

TEST_F(TlsTest, WithoutACaForClientsNoCertificateIsAskedFor) {
  Listen();
  EXPECT_TRUE(Serves({}));
}

TEST_F(TlsTest, AClientCertificateMayBeLeftOutButNotForged) {
  AskForClients(false);
  Listen();
  EXPECT_TRUE(Serves({}));
  EXPECT_TRUE(Serves({0, authority_.Issue("a device")}));
  EXPECT_FALSE(Serves({0, Authority().Issue("of somebody else's authority")}));
}

TEST_F(TlsTest, ARequiredClientCertificateIsRequired) {
  AskForClients(true);
  Listen();
  EXPECT_FALSE(Serves({}));
  EXPECT_TRUE(Serves({0, authority_.Issue("a device")}));
}

TEST_F(TlsTest, FilesThatMakeNoSenseAreNamed) {
  const auto failure = [&](const TlsFiles& files) {
    return Message(TlsContext::Load(files).status());
  };
  TlsFiles files = files_;
  files.key = folder_ + "/nowhere";
  EXPECT_EQ(failure(files), files.key + ": cannot be read");
  files = files_;
  files.key = folder_ + "/other";
  Write(files.key, authority_.Issue("another").key);
  EXPECT_TRUE(failure(files).starts_with(files.key + ": ")) << failure(files);
  files = files_;
  files.client_ca = files_.key;
  EXPECT_TRUE(failure(files).starts_with(files.client_ca + ": ")) << failure(files);
}

}  // namespace
}  // namespace chat::net
