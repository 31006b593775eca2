#include "services/cli/home.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "services/cli/hex.h"
#include "services/cli/inbox.h"
#include "services/cli/private_file.h"

namespace chat::cli {
namespace {

using ::testing::ElementsAre;

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

class HomeTest : public ::testing::Test {
 protected:
  HomeTest() : path_(::testing::TempDir() + "home_test_" + RandomHex(6)) {}
  ~HomeTest() override { std::filesystem::remove_all(path_); }

  std::string path_;
};

TEST_F(HomeTest, FolderAndTokenAreTheOwnersAlone) {
  auto home = Home::Open(path_ + "/inner/.chat");
  ASSERT_TRUE(home.ok()) << home.status();
  auto identity = home->Load();
  ASSERT_TRUE(identity.ok());
  identity->token = "secret";
  ASSERT_TRUE(home->Store(*identity).ok());
  EXPECT_EQ(ModeOf(home->path()), 0700u);
  EXPECT_EQ(ModeOf(home->path() + "/device.json"), 0600u);
  EXPECT_FALSE(std::filesystem::exists(home->path() + "/device.json.new"));
}

TEST_F(HomeTest, TheDeviceKeepsItsIdentity) {
  auto home = Home::Open(path_);
  ASSERT_TRUE(home.ok());
  Identity identity = *home->Load();
  EXPECT_EQ(identity.device.size(), 16u);
  EXPECT_EQ(identity.dev_key.size(), 32u);
  identity.client_id = "emqttd_1";
  identity.phone_ids = {"380670001234_1"};
  ASSERT_TRUE(home->Store(identity).ok());
  const Identity again = *home->Load();
  EXPECT_EQ(again.device, identity.device);
  EXPECT_EQ(again.client_id, "emqttd_1");
  EXPECT_THAT(again.phone_ids, ElementsAre("380670001234_1"));
}

TEST_F(HomeTest, AFileThatIsNotOursIsAnErrorAndStaysAsItIs) {
  auto home = Home::Open(path_);
  ASSERT_TRUE(home.ok());
  for (const char* text : {"not json", "[1]", "{\"token\":1}", "\"x\""}) {
    std::ofstream(path_ + "/device.json") << text;
    EXPECT_TRUE(absl::IsInternal(home->Load().status())) << text;
  }
}

TEST_F(HomeTest, AFileInPlaceOfTheFolderIsAnError) {
  std::ofstream(path_) << "x";
  const auto home = Home::Open(path_);
  EXPECT_TRUE(!home.ok() || absl::IsInternal(home->Load().status()));
}

TEST_F(HomeTest, OneCommandIsConnectedAtATime) {
  auto home = Home::Open(path_);
  ASSERT_TRUE(home.ok());
  {
    const auto first = home->LockConnection(0);
    ASSERT_TRUE(first.ok());
    EXPECT_TRUE(absl::IsDeadlineExceeded(home->LockConnection(0).status()));
  }
  EXPECT_TRUE(home->LockConnection(0).ok());
}

TEST_F(HomeTest, TheInboxGivesBackWhatWasPutIn) {
  ASSERT_TRUE(Home::Open(path_).ok());
  const Inbox inbox(path_ + "/inbox");
  EXPECT_TRUE(inbox.Read()->empty());
  ASSERT_TRUE(inbox.Append({"ses/1", std::string("\0\xff\n", 3), mqtt::Qos::kExactlyOnce}).ok());
  ASSERT_TRUE(inbox.Append({"ses/2", "", mqtt::Qos::kAtLeastOnce}).ok());
  auto messages = *inbox.Read();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].payload, std::string("\0\xff\n", 3));
  EXPECT_EQ(messages[0].qos, mqtt::Qos::kExactlyOnce);
  EXPECT_EQ(messages[1].topic, "ses/2");
  EXPECT_EQ(ModeOf(path_ + "/inbox"), 0600u);
  messages.erase(messages.begin());
  ASSERT_TRUE(inbox.Replace(messages).ok());
  EXPECT_EQ(inbox.Read()->size(), 1u);
}

TEST_F(HomeTest, ALineThatACrashHasCutDoesNotHideTheNext) {
  ASSERT_TRUE(Home::Open(path_).ok());
  const Inbox inbox(path_ + "/inbox");
  ASSERT_TRUE(inbox.Append({"ses/1", "a"}).ok());
  std::ofstream(path_ + "/inbox", std::ios::app) << "{\"topic\":\"ses/2\",\"qo";
  ASSERT_TRUE(inbox.Append({"ses/3", "c"}).ok());
  const auto messages = *inbox.Read();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].topic, "ses/3");
}

TEST(HexTest, HexIsReadInEitherCaseAndRefusedOtherwise) {
  EXPECT_EQ(FromHex("00fFA1"), std::string("\0\xff\xa1", 3));
  EXPECT_EQ(FromHex(""), "");
  for (const char* text : {"0", "0g", "g0", " 0", "0x", "00 0"}) {
    EXPECT_EQ(FromHex(text), std::nullopt) << text;
  }
  EXPECT_EQ(ToHex(std::string("\0\xff", 2)), "00ff");
}

}  // namespace
}  // namespace chat::cli
