#include "libs/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"

namespace chat::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    keys_.Add("pg_url", &pg_url_, "Database.", Secret::kYes);
    keys_.Add("port", &port_, "Port.", 1, 65535);
    keys_.Add("strict", &strict_, "Strictness.");
    keys_.Add("peers", &peers_, "Peers.");
  }
  ~ConfigTest() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  absl::Status Parse(const std::vector<std::string>& flags) {
    return keys_.Parse(flags, [this](const char* name) -> const char* {
      auto it = environment_.find(name);
      return it == environment_.end() ? nullptr : it->second.c_str();
    });
  }
  std::string File(const std::string& text) {
    char path[] = "/tmp/chat-config-XXXXXX";
    ::close(::mkstemp(path));
    path_ = path;
    std::ofstream(path_) << text;
    return path_;
  }

  std::string pg_url_ = "postgresql://localhost";
  int64_t port_ = 7;
  bool strict_ = false;
  std::vector<std::string> peers_ = {"a:1"};
  Keys keys_{"room"};
  std::map<std::string, std::string> environment_;
  std::string path_;
};

TEST_F(ConfigTest, DefaultsStayWhenNothingIsSaid) {
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(port_, 7);
  EXPECT_THAT(peers_, ElementsAre("a:1"));
}

TEST_F(ConfigTest, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  std::string file = File("# ours\n\nport = 10\npg_url=x = y\r\n peers = f:1 \nstrict = true\n");
  environment_ = {{"CHAT_ROOM_PORT", "20"}, {"CHAT_ROOM_PEERS", "e:1, e:2"}};
  ASSERT_TRUE(Parse({"--config=" + file, "--port=30"}).ok());
  EXPECT_EQ(port_, 30);
  EXPECT_THAT(peers_, ElementsAre("e:1", "e:2"));
  EXPECT_EQ(pg_url_, "x = y");
  EXPECT_TRUE(strict_);
}

TEST_F(ConfigTest, TheEnvironmentMayNameTheFile) {
  environment_ = {{"CHAT_ROOM_CONFIG", File("port = 10\n")}};
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(port_, 10);
}

TEST_F(ConfigTest, AnEmptyTextIsAnEmptyList) {
  ASSERT_TRUE(Parse({"--peers="}).ok());
  EXPECT_THAT(peers_, IsEmpty());
}

TEST_F(ConfigTest, AListMayBeAJsonArray) {
  ASSERT_TRUE(Parse({R"(--peers=["#", "!a,b"])"}).ok());
  EXPECT_THAT(peers_, ElementsAre("#", "!a,b"));
  ASSERT_TRUE(Parse({"--peers=[]"}).ok());
  EXPECT_THAT(peers_, IsEmpty());
  ASSERT_TRUE(Parse({"--peers=[::1]:80,[::1]:81"}).ok());
  EXPECT_THAT(peers_, ElementsAre("[::1]:80", "[::1]:81"));
}

TEST_F(ConfigTest, AWrongValueIsRefusedWithTheNameOfTheKey) {
  for (const char* flag : {"--port=0", "--port=65536", "--port=1x", "--port=", "--port= 1",
                           "--port=99999999999999999999", "--strict=maybe", "--peers=a,,b",
                           "--peers=a,", "--peers=[1]"}) {
    absl::Status status = Parse({flag});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << flag;
    std::string flag_text(flag);
    std::string key = flag_text.substr(2, flag_text.find('=') - 2);
    EXPECT_THAT(Message(status), HasSubstr("'" + key + "'")) << flag;
  }
}

TEST_F(ConfigTest, AnUnknownKeyIsRefused) {
  EXPECT_THAT(Message(Parse({"--colour=red"})), HasSubstr("'colour'"));
  EXPECT_THAT(Message(Parse({"--config=" + File("port = 1\ncolour = red\n")})),
              HasSubstr(":2: unknown key 'colour'"));
}

TEST_F(ConfigTest, WhatIsNoKeyValueIsRefused) {
  for (const char* flag : {"port=1", "-port=1", "--port", "serve", "", "--", "--=1"}) {
    EXPECT_FALSE(Parse({flag}).ok()) << flag;
  }
  EXPECT_FALSE(Parse({"--config=" + File("port 1\n")}).ok());
}

TEST_F(ConfigTest, AFileThatIsNotThereIsRefused) {
  EXPECT_THAT(Message(Parse({"--config=/nonexistent/chat.conf"})), HasSubstr("cannot read"));
}

TEST_F(ConfigTest, AWrongValueFromTheEnvironmentNamesTheVariable) {
  environment_ = {{"CHAT_ROOM_PORT", "many"}};
  EXPECT_THAT(Message(Parse({})), HasSubstr("CHAT_ROOM_PORT"));
}

TEST_F(ConfigTest, TheDumpNamesEveryKeyAndMasksSecrets) {
  ASSERT_TRUE(Parse({"--pg_url=postgresql://me:hunter2@db", "--port=9"}).ok());
  nlohmann::json dump = nlohmann::json::parse(keys_.DumpJson());
  ASSERT_EQ(dump.size(), 5u);
  EXPECT_EQ(dump[0]["key"], "config");
  nlohmann::json expected = {
      {"key", "port"},    {"flag", "--port"}, {"environment", "CHAT_ROOM_PORT"},
      {"default", "7"},   {"value", "9"},     {"meaning", "Port."},
      {"type", "number"}, {"secret", false},  {"minimum", 1},
      {"maximum", 65535}};
  EXPECT_EQ(dump[2], expected);
  EXPECT_EQ(dump[1]["value"], "***");
  EXPECT_EQ(dump[1]["secret"], true);
  for (const std::string& text : {keys_.DumpJson(), keys_.Line(), keys_.Help()}) {
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
    EXPECT_THAT(text, HasSubstr("port"));
  }
}

}  // namespace
}  // namespace chat::config
