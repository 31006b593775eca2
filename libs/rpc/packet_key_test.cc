#include "libs/rpc/packet_key.h"

#include <gtest/gtest.h>

namespace chat::rpc {
namespace {

TEST(PacketKeyTest, APublishIsKnownByClientPacketAndContent) {
  v1::Caller caller;
  caller.set_client_id("emqttd_1");
  EXPECT_EQ(PacketKey(caller), "");
  caller.mutable_packet()->set_id(5);
  caller.mutable_packet()->set_hash("h");
  EXPECT_EQ(PacketKey(caller), "656d717474645f31:5:68");
}

}  // namespace
}  // namespace chat::rpc
