#include "services/auth/secrets.h"

#include <gtest/gtest.h>

#include <set>

namespace chat::auth {
namespace {

TEST(SecretsTest, TokensAre64HexCharactersAndNeverTwiceTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::string token = NewToken();
    EXPECT_EQ(token.size(), 64u);
    EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(SecretsTest, CodesAreSixDigitsWithLeadingZeros) {
  std::set<char> first;
  for (int i = 0; i < 1000; ++i) {
    std::string code = courier::NewCode();
    ASSERT_EQ(code.size(), 6u);
    ASSERT_EQ(code.find_first_not_of("0123456789"), std::string::npos);
    first.insert(code[0]);
  }
  EXPECT_EQ(first.size(), 10u);
}

TEST(SecretsTest, Sha256IsThatOfTheStandard) {
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(SecretsTest, SecretsAreEqualOnlyByteForByte) {
  EXPECT_TRUE(SameSecret("123456", "123456"));
  EXPECT_FALSE(SameSecret("123456", "123457"));
  EXPECT_FALSE(SameSecret("123456", "12345"));
  EXPECT_TRUE(SameSecret("", ""));
}

TEST(SecretsTest, AJwtIsACompactJws) {
  // Checked with `openssl dgst -sha256 -hmac key` over the first two parts.
  EXPECT_EQ(SignedJwt("key", {"380670001234", "reg_1", 1500000900, "j"}),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
            "eyJjaWQiOiJyZWdfMSIsImV4cCI6MTUwMDAwMDkwMCwianRpIjoiaiIsInN1YiI6IjM4MDY3MDAwMTIzNCJ9."
            "C1EcEw_I-8MPKytBgJKDU1qMPIRkJYSb6UAS6RBb-xs");
}

TEST(SecretsTest, AJwtOfAnIdThatIsNoUtf8IsMadeAllTheSame) {
  EXPECT_FALSE(SignedJwt("key", {"380670001234", "reg_\xFF", 1, "j"}).empty());
}

}  // namespace
}  // namespace chat::auth
