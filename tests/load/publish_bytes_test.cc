#include "tests/load/publish_bytes.h"

#include <gtest/gtest.h>

#include <string>

#include "libs/mqtt/codec.h"

namespace chat::load {
namespace {

TEST(PublishBytesTest, AreAsManyAsTheCodecWrites) {
  for (const mqtt::Qos qos : {mqtt::Qos::kAtMostOnce, mqtt::Qos::kAtLeastOnce}) {
    for (const size_t size : {0, 115, 116, 117, 118, 119, 16'370, 16'380, 2'097'150}) {
      const std::string payload(size, 'x');
      mqtt::Publish publish;
      publish.topic = "load/00";
      publish.payload = payload;
      publish.qos = qos;
      if (qos != mqtt::Qos::kAtMostOnce) publish.id = mqtt::PacketId{1};
      std::string encoded;
      mqtt::Encode(publish, mqtt::Version::k311, encoded);
      EXPECT_EQ(PublishBytes("load/00", payload, qos), encoded.size()) << size;
    }
  }
}

}  // namespace
}  // namespace chat::load
