#include "services/auth/client_ids.h"

#include <gtest/gtest.h>

namespace chat::auth {
namespace {

TEST(ClientIdsTest, ThePrefixDecidesTheKind) {
  struct Row {
    std::string id;
    ClientKind kind;
  };
  const Row rows[] = {
      {"reg_9F3C", ClientKind::kRegistering},
      {"emqttd_reg_9F3C", ClientKind::kRegistering},
      {"reg_", ClientKind::kRegistering},
      {"emqttd_9F3C", ClientKind::kDevice},
      {"emqttd_", ClientKind::kDevice},
      {"emqttd_register", ClientKind::kDevice},
      {"", ClientKind::kForeign},
      {"emqttd", ClientKind::kForeign},
      {"reg", ClientKind::kForeign},
      {"sys_1", ClientKind::kForeign},
      {"EMQTTD_1", ClientKind::kForeign},
      {"emqttd_a/b", ClientKind::kForeign},
      {"emqttd_a+", ClientKind::kForeign},
      {"reg_#", ClientKind::kForeign},
      {std::string("reg_a\0b", 7), ClientKind::kForeign},
      {"emqttd_" + std::string(kMaxClientId - 7, 'x'), ClientKind::kDevice},
      {"emqttd_" + std::string(kMaxClientId - 6, 'x'), ClientKind::kForeign},
  };
  for (const Row& row : rows) EXPECT_EQ(Classify(row.id), row.kind) << row.id;
}

TEST(ClientIdsTest, BothRegisteringPrefixesBecomeTheDevicePrefix) {
  EXPECT_EQ(SessionClientId("reg_9F3C", "s"), "emqttd_9F3C");
  EXPECT_EQ(SessionClientId("emqttd_reg_9F3C", "s"), "emqttd_9F3C");
  EXPECT_EQ(SessionClientId("reg_", "s"), "emqttd_");
}

TEST(ClientIdsTest, TheSessionIdIsNeverARegisteringOne) {
  for (const char* id : {"reg_reg_x", "emqttd_reg_reg_x", "reg_reg_reg_", "reg_emqttd_reg_x"}) {
    EXPECT_EQ(Classify(SessionClientId(id, "s")), ClientKind::kDevice) << id;
  }
}

TEST(ClientIdsTest, AnIdThatWouldBeTooLongIsCutAndMarked) {
  std::string id = SessionClientId("reg_" + std::string(kMaxClientId - 4, 'x'), "0123");
  EXPECT_EQ(id.size(), kMaxClientId);
  EXPECT_TRUE(id.ends_with("x_0123"));
}

TEST(ClientIdsTest, TheCutLeavesNoHalfCharacter) {
  std::string id = "emqttd_";
  while (id.size() + 2 <= kMaxClientId) id += "\xD0\x96";  // U+0416
  for (const char* suffix : {"1", "12"}) {
    std::string cut = WithSuffix(id, suffix);
    EXPECT_LE(cut.size(), kMaxClientId);
    EXPECT_TRUE(cut.ends_with(std::string("\xD0\x96_") + suffix)) << suffix;
  }
}

TEST(ClientIdsTest, ARowIsReplacedByItsPhoneOrItsDeviceKeyOnly) {
  EXPECT_TRUE(MayReplace({"38067", "k"}, {"38067", "other"}));
  EXPECT_TRUE(MayReplace({"38067", "k"}, {"49170", "k"}));
  EXPECT_FALSE(MayReplace({"38067", "k"}, {"49170", "other"}));
  EXPECT_FALSE(MayReplace({"38067", ""}, {"49170", ""}));
}

}  // namespace
}  // namespace chat::auth
