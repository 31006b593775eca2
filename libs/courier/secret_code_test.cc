#include "libs/courier/secret_code.h"

#include <gtest/gtest.h>

#include <set>

namespace chat::courier {
namespace {

TEST(SecretCodeTest, ACodeHasSixDigitsAndIsNewEachTime) {
  std::set<std::string> codes;
  for (int i = 0; i < 100; ++i) {
    const std::string code = NewCode();
    EXPECT_EQ(code.size(), 6u);
    EXPECT_EQ(code.find_first_not_of("0123456789"), std::string::npos) << code;
    codes.insert(code);
  }
  EXPECT_GT(codes.size(), 90u);
}

TEST(SecretCodeTest, AStoredCodeIsKnownAgainAndShowsNothing) {
  const std::string stored = HashedCode("012345");
  EXPECT_EQ(stored.find("012345"), std::string::npos);
  EXPECT_NE(stored, HashedCode("012345"));
  EXPECT_TRUE(IsCode("012345", stored));
  EXPECT_FALSE(IsCode("012346", stored));
  EXPECT_FALSE(IsCode("", stored));
  EXPECT_FALSE(IsCode("012345", ""));
  EXPECT_FALSE(IsCode("", ""));
}

TEST(SecretCodeTest, RandomNamesAreLowerCaseHex) {
  const std::string name = RandomHex(16);
  EXPECT_EQ(name.size(), 32u);
  EXPECT_EQ(name.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(name, RandomHex(16));
}

}  // namespace
}  // namespace chat::courier
