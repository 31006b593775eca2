#include "services/auth/code_rules.h"

#include <gtest/gtest.h>

#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

constexpr CodeLimits kLimits{.life_s = 900, .wrong_tries = 5};
Claim WithKey(const std::string& dev_key) { return {"reg_1", "", dev_key, ""}; }
const Claim kBare = WithKey("");

Pending Row() {
  Pending row;
  row.phone = "380670001234";
  row.dev_key = "DevKey";
  row.os = "android";
  row.code = "903182";
  return row;
}
Pending Aged(int64_t age_s) {
  Pending row = Row();
  row.code_age_s = age_s;
  return row;
}
Pending Tried(int64_t wrong_tries) {
  Pending row = Row();
  row.wrong_tries = wrong_tries;
  return row;
}
Pending Verified(int64_t ago_s, int64_t wrong_tries = 0) {
  Pending row = Tried(wrong_tries);
  row.verified_s = ago_s;
  row.session_id = 7;
  return row;
}
Pending Jwt() {
  Pending row = Row();
  row.jwt = true;
  row.code = Hex(Sha256("a.b.c"));
  return row;
}

TEST(CodeRulesTest, OnlyWhatIsGivenMustMatch) {
  struct Case {
    Claim claim;
    bool matches;
  };
  const Case cases[] = {
      {kBare, true},
      {{"reg_1", "reg_1", "DevKey", "380670001234"}, true},
      {{"reg_1", "", "DevKey", "+380670001234"}, true},
      {{"reg_1", "reg_2", "", ""}, false},
      {{"reg_1", "", "Other", ""}, false},
      {{"reg_1", "", "", "380670001235"}, false},
      {{"reg_1", "", "", "nonsense"}, false},
  };
  for (const Case& row : cases) {
    EXPECT_EQ(Matches(row.claim, Row()), row.matches)
        << row.claim.client_id << row.claim.dev_key << row.claim.phone;
  }
}

TEST(CodeRulesTest, ResendRepeatsAYoungCodeAndReplacesAnOldOne) {
  EXPECT_EQ(JudgeSend(Send::kSms, Row(), kBare, kLimits), SendVerdict::kSame);
  EXPECT_EQ(JudgeSend(Send::kSms, Aged(299), kBare, kLimits), SendVerdict::kSame);
  EXPECT_EQ(JudgeSend(Send::kSms, Aged(300), kBare, kLimits), SendVerdict::kNew);
}

TEST(CodeRulesTest, VoiceReadsTheSameCodeAsLongAsItLives) {
  EXPECT_EQ(JudgeSend(Send::kVoice, Aged(899), kBare, kLimits), SendVerdict::kSame);
  EXPECT_EQ(JudgeSend(Send::kVoice, Aged(900), kBare, kLimits), SendVerdict::kNew);
}

TEST(CodeRulesTest, AJwtIsNeverReadOutOrSent) {
  EXPECT_EQ(JudgeSend(Send::kVoice, Jwt(), kBare, kLimits), SendVerdict::kNew);
  EXPECT_EQ(JudgeSend(Send::kSms, Jwt(), kBare, kLimits), SendVerdict::kNew);
}

TEST(CodeRulesTest, NothingIsSentWithoutAPendingRowThatMatchesAndMayStillBeTried) {
  const Claim other = WithKey("Other");
  for (Send how : {Send::kVoice, Send::kSms}) {
    EXPECT_EQ(JudgeSend(how, std::nullopt, kBare, kLimits), SendVerdict::kNone);
    EXPECT_EQ(JudgeSend(how, Verified(1), kBare, kLimits), SendVerdict::kNone);
    EXPECT_EQ(JudgeSend(how, Tried(5), other, kLimits), SendVerdict::kMismatch);
    EXPECT_EQ(JudgeSend(how, Tried(5), kBare, kLimits), SendVerdict::kUsedUp);
  }
}

TEST(CodeRulesTest, VerifyChecksInTheOrderOfTheSpecification) {
  struct Case {
    const char* what;
    std::optional<Pending> pending;
    const char* dev_key;
    const char* code;
    VerifyVerdict verdict;
  };
  const Case cases[] = {
      {"right", Row(), "DevKey", "903182", VerifyVerdict::kAccept},
      {"right, at the last second", Aged(899), "", "903182", VerifyVerdict::kAccept},
      {"right, at the last try", Tried(4), "", "903182", VerifyVerdict::kAccept},
      {"no row", std::nullopt, "Other", "1", VerifyVerdict::kNone},
      {"mismatch before expiry", Aged(900), "Other", "1", VerifyVerdict::kMismatch},
      {"old before wrong", Aged(900), "", "1", VerifyVerdict::kExpired},
      {"old though right", Aged(900), "", "903182", VerifyVerdict::kExpired},
      {"tries used up though right", Tried(5), "", "903182", VerifyVerdict::kExpired},
      {"wrong", Row(), "", "903183", VerifyVerdict::kWrong},
      {"a prefix", Row(), "", "90318", VerifyVerdict::kWrong},
      {"empty", Row(), "", "", VerifyVerdict::kWrong},
      {"JWT", Jwt(), "", "a.b.c", VerifyVerdict::kAccept},
      {"another JWT", Jwt(), "", "a.b.d", VerifyVerdict::kWrong},
      {"the stored hash of a JWT", Jwt(), "", "", VerifyVerdict::kWrong},
  };
  for (const Case& row : cases) {
    EXPECT_EQ(JudgeVerify(row.pending, WithKey(row.dev_key), row.code, kLimits), row.verdict)
        << row.what;
  }
  EXPECT_EQ(JudgeVerify(Jwt(), kBare, Jwt().code, kLimits), VerifyVerdict::kWrong);
}

TEST(CodeRulesTest, AVerificationMayBeRepeatedForTwoMinutesWithItsOwnCode) {
  EXPECT_EQ(JudgeVerify(Verified(0), kBare, "903182", kLimits), VerifyVerdict::kAgain);
  EXPECT_EQ(JudgeVerify(Verified(120), kBare, "903182", kLimits), VerifyVerdict::kAgain);
  EXPECT_EQ(JudgeVerify(Verified(121), kBare, "903182", kLimits), VerifyVerdict::kNone);
  EXPECT_EQ(JudgeVerify(Verified(1), kBare, "000000", kLimits), VerifyVerdict::kNoneTried);
  EXPECT_EQ(JudgeVerify(Verified(1, 5), kBare, "903182", kLimits), VerifyVerdict::kNone);
  const Claim other = WithKey("Other");
  EXPECT_EQ(JudgeVerify(Verified(1), other, "903182", kLimits), VerifyVerdict::kNone);
}

}  // namespace
}  // namespace chat::auth
