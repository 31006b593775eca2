#include "services/auth/code_texts.h"

#include <gtest/gtest.h>

namespace chat::auth {
namespace {

TEST(CodeTextsTest, AnSmsHoldsTheCodeInOnePiece) {
  EXPECT_EQ(SmsText("012345"), "Your code is 012345. Do not give it to anyone.");
}

TEST(CodeTextsTest, ACallReadsDigitByDigitInTheLanguageAskedFor) {
  EXPECT_EQ(VoiceText("en", "012345"), "Your code is: 0, 1, 2, 3, 4, 5.");
  EXPECT_EQ(VoiceText("ua", "012345"), "Ваш код: 0, 1, 2, 3, 4, 5.");
  EXPECT_EQ(VoiceText("it", "012345"), "Il tuo codice è: 0, 1, 2, 3, 4, 5.");
}

TEST(CodeTextsTest, AnUnknownLanguageIsEnglish) {
  EXPECT_EQ(VoiceText("xx", "1"), VoiceText("en", "1"));
  EXPECT_EQ(VoiceText("", "1"), VoiceText("en", "1"));
}

}  // namespace
}  // namespace chat::auth
