#include "services/media/media_config.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::media {
namespace {

MediaConfig Complete() {
  MediaConfig config;
  config.pg_url = "postgresql://x";
  config.auth_addrs = {"x:1"};
  config.messaging_addrs = {"x:2"};
  config.roster_addrs = {"x:4"};
  config.redis = "x:3";
  config.object_dir = "objects";
  return config;
}

TEST(MediaConfigTest, WhatIsMissingIsRefusedByName) {
  EXPECT_TRUE(Complete().Check().ok());
  MediaConfig config = Complete();
  config.object_dir.clear();
  EXPECT_EQ(Message(config.Check()), "object_dir: is missing");
  config = Complete();
  config.auth_addrs.clear();
  EXPECT_EQ(Message(config.Check()), "auth_addrs: is missing");
  config = Complete();
  config.pg_url.clear();
  EXPECT_EQ(Message(config.Check()), "pg_url: is missing");
}

TEST(MediaConfigTest, AnOptionalServerNeedsAllOfItsKeys) {
  MediaConfig config = Complete();
  config.s3.endpoint = "http://s3:1";
  EXPECT_EQ(Message(config.Check()), "s3_bucket: is missing");
  config.s3.bucket = "b";
  EXPECT_EQ(Message(config.Check()), "s3_access_key: is missing");
  config.s3.access_key = "k";
  config.s3.secret_key = "s";
  EXPECT_TRUE(config.Check().ok());
  config.s3.sts_endpoint = "http://sts:1/";
  EXPECT_EQ(Message(config.Check()),
            "sts_endpoint: http(s)://host[:port], without a slash at the end");
  config.s3.sts_endpoint = "http://sts:1";
  EXPECT_EQ(Message(config.Check()), "sts_role_arn: is missing");
  config = Complete();
  config.calls.turn_uri = "turn:x:3478";
  EXPECT_EQ(Message(config.Check()), "turn_secret: is missing");
}

TEST(MediaConfigTest, LinksBeginWithThePublicUrlOrTheListenersOwn) {
  HttpConfig http;
  http.listen = "0.0.0.0:0";
  EXPECT_EQ(http.LinkBase(8080), "http://127.0.0.1:8080");
  http.tls_certificate = "cert.pem";
  EXPECT_EQ(http.LinkBase(8080), "https://127.0.0.1:8080");
  EXPECT_EQ(Message(http.Check()), "http_tls_key: is missing");
  http.public_url = "https://media.example.org";
  EXPECT_EQ(http.LinkBase(8080), "https://media.example.org");
}

TEST(MediaConfigTest, KeysHaveTheirNamesAndBounds) {
  MediaConfig config;
  config::Keys keys("media");
  config.Declare(keys);
  const auto none = [](const char*) -> const char* { return nullptr; };
  EXPECT_TRUE(
      keys.Parse({"--quota_bytes=5", "--max_object_bytes=4", "--block_bytes=3"}, none).ok());
  EXPECT_EQ(config.quota_bytes, 5);
  EXPECT_EQ(config.max_object_bytes, 4);
  EXPECT_EQ(config.block_bytes, 3);
  EXPECT_FALSE(keys.Parse({"--block_bytes=0"}, none).ok());
}

}  // namespace
}  // namespace chat::media
