#include "libs/net/proxied_stream.h"

#include <gtest/gtest.h>

#include "libs/net/loopback_testing.h"

namespace chat::net {
namespace {

using testing_support::BlockingClient;
using testing_support::EchoServer;

class ProxiedStreamTest : public testing::Test {
 protected:
  ProxiedStreamTest() { Listen(10'000); }
  void Listen(int64_t timeout_ms) {
    server_ = std::make_unique<EchoServer>(
        [timeout_ms](Loop& loop, std::shared_ptr<Stream> stream, const EchoServer::Accept& accept) {
          AcceptProxied(loop, std::move(stream), timeout_ms, accept);
        });
  }
  std::unique_ptr<EchoServer> server_;
};

TEST_F(ProxiedStreamTest, ThePeerIsTheClientBehindTheLoadBalancer) {
  BlockingClient client(server_->port());
  client.Send("PROXY TCP4 192.0.2.1 198.51.100.7 56324 1883\r\n");
  client.Send("peer");
  EXPECT_EQ(client.Receive(9), "192.0.2.1");
}

TEST_F(ProxiedStreamTest, WhatComesWithTheHeaderComesFirst) {
  BlockingClient client(server_->port());
  client.Send("PROXY TCP4 192.0.2.1 198.51.100.7 56324 1883\r\nfirst");
  client.Send(" second");
  EXPECT_EQ(client.Receive(12), "first second");
}

TEST_F(ProxiedStreamTest, AHeaderMayComeByteByByte) {
  BlockingClient client(server_->port());
  for (char c : std::string("PROXY UNKNOWN\r\n")) client.Send({&c, 1});
  client.Send("peer");
  EXPECT_EQ(client.Receive(9), "127.0.0.1");
}

TEST_F(ProxiedStreamTest, WithoutAGoodHeaderItIsClosed) {
  BlockingClient client(server_->port());
  client.Send("hello");
  EXPECT_EQ(client.ReceiveAll(), "");
  EXPECT_EQ(server_->accepted(), 0u);
}

TEST_F(ProxiedStreamTest, AHeaderThatDoesNotComeInTimeIsNotAwaited) {
  Listen(50);
  BlockingClient client(server_->port());
  client.Send("PROXY ");
  EXPECT_EQ(client.ReceiveAll(), "");
  EXPECT_EQ(server_->accepted(), 0u);
}

}  // namespace
}  // namespace chat::net
