#include "libs/bert/text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace chat::bert {
namespace {

// What the text means, in the printer's style.
std::string Normal(std::string_view text, const Limits& limits = {}) {
  const auto result = ParseErlangText(text, limits);
  return result.ok() ? ToErlangText(result.term()) : "refused: " + result.error();
}

bool Refused(std::string_view text, const Limits& limits = {}) {
  return !ParseErlangText(text, limits).ok();
}

TEST(ErlangTextTest, ThePrintersStyleReadsBackUnchanged) {
  for (const std::string_view text : {"0",
                                      "-1",
                                      "9223372036854775807",
                                      "-9223372036854775809",
                                      "340282366920938463463374607431768211456",
                                      "1.5",
                                      "-0.0",
                                      "a",
                                      "nonode@nohost",
                                      "a_B1",
                                      "'A'",
                                      "''",
                                      "'a b'",
                                      "'it\\'s'",
                                      "'back\\\\slash'",
                                      "'\\n'",
                                      "'\\001'",
                                      "'after'",
                                      "'maybe'",
                                      "cond_",
                                      "'_x'",
                                      "'1a'",
                                      "'@a'",
                                      "\xc3\xa9",
                                      "'\xc3\x89'",
                                      "'\xc3\xb7'",
                                      "a\xc3\x89",
                                      "'\xd0\xb6'",
                                      "<<>>",
                                      "<<\"a\">>",
                                      "<<\"say \\\"hi\\\"\\n\">>",
                                      "<<\"it's\">>",
                                      "<<\"\xd0\xb6\"/utf8>>",
                                      "<<0,1>>",
                                      "<<255>>",
                                      "<<194,128>>",
                                      "<<127>>",
                                      "[]",
                                      "[1,2]",
                                      "[a|b]",
                                      "[[],[[1]]]",
                                      "{}",
                                      "{a,{b}}",
                                      "#{}",
                                      "#{a => 1,[] => #{}}"}) {
    EXPECT_EQ(Normal(text), text);
  }
}

TEST(ErlangTextTest, FloatsAreShortestInErlangsLayout) {
  const std::pair<double, const char*> cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1, "1.0"},
      {10, "10.0"},
      {100, "100.0"},
      {1000, "1.0e3"},
      {1200, "1.2e3"},
      {1234, "1234.0"},
      {123456789, "123456789.0"},
      {1e10, "1.0e10"},
      {1e22, "1.0e22"},
      {0.1, "0.1"},
      {0.01, "0.01"},
      {0.001, "0.001"},
      {0.0001, "0.0001"},
      {0.00012, "1.2e-4"},
      {0.00001, "1.0e-5"},
      {123.456, "123.456"},
      {1.0 / 3, "0.3333333333333333"},
      {9007199254740991.0, "9007199254740991.0"},
      {9007199254740992.0, "9.007199254740992e15"},
      {5e-324, "5.0e-324"},
      {1.7976931348623157e308, "1.7976931348623157e308"},
      {-2.5, "-2.5"}};
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(ToErlangText(Term::Float(value)), text);
    EXPECT_EQ(Normal(text), text);
  }
}

TEST(ErlangTextTest, PeopleMayWriteMoreFreely) {
  EXPECT_EQ(Normal(" { a , [ 1 , 2 | t ] , #{ k=>v } , << \"x\" , 0 , 255 >> } . "),
            "{a,[1,2|t],#{k => v},<<120,0,255>>}");
  EXPECT_EQ(Normal("% a comment\n{a, % another\n b}\n% the last"), "{a,b}");
  EXPECT_EQ(Normal("\"abc\""), "[97,98,99]");
  EXPECT_EQ(Normal("\"\""), "[]");
  EXPECT_EQ(Normal("[$a,$\\n,$\\s,$\xd0\xb6]"), "[97,10,32,1078]");
  EXPECT_EQ(Normal("16#fF"), "255");
  EXPECT_EQ(Normal("-2#101"), "-5");
  EXPECT_EQ(Normal("16#ffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(Normal("+5"), "5");
  EXPECT_EQ(Normal("1500.0"), "1.5e3");
  EXPECT_EQ(Normal("'\\x41\\x{42}\\103\\e'"), "'ABC\\e'");
  EXPECT_EQ(Normal("<<\"\xc3\xa9\">>"), "<<233>>");
  EXPECT_EQ(Normal("<<\"\xd0\xb6\"/utf8,0>>"), "<<208,182,0>>");
  EXPECT_EQ(Normal("[1|[2|[3]]]"), "[1,2,3]");
  EXPECT_EQ(Normal("1#{"), "refused: byte 1: expected the end");
}

TEST(ErlangTextTest, WhatIsNoTermIsRefused) {
  for (const std::string_view text : {"",
                                      " ",
                                      "X",
                                      "_",
                                      "{",
                                      "{a",
                                      "{a,",
                                      "{a,}",
                                      "[a,]",
                                      "[|a]",
                                      "[a|]",
                                      "[a|b,c]",
                                      "[a|b|c]",
                                      "{a|b}",
                                      "#{a}",
                                      "#{a => }",
                                      "#{a => 1,}",
                                      "#{a => 1,a => 2}",
                                      "<<",
                                      "<<1",
                                      "<<1,>>",
                                      "<<256>>",
                                      "<<-1>>",
                                      "<<a>>",
                                      "<<\"\xd0\xb6\">>",
                                      "'a",
                                      "\"a",
                                      "\"a\\",
                                      "$",
                                      "a b",
                                      "a,b",
                                      "..",
                                      "- 1",
                                      "-",
                                      "1#0",
                                      "37#0",
                                      "16#",
                                      "16#10000000000000000",
                                      "2#2",
                                      "1.0e400",
                                      "1.0e",
                                      "end",
                                      "\xff",
                                      "'\xff'",
                                      "\"\xed\xa0\x80\"",
                                      "'\\x{110000}'",
                                      "'\\x{d800}'",
                                      "'\\x4'",
                                      "\xd0\xb6",
                                      "1..",
                                      "[1",
                                      "[1 2]"}) {
    EXPECT_TRUE(Refused(text)) << text;
  }
  EXPECT_EQ(Normal("{a,\n  ]}"), "refused: byte 6: expected a term");
}

TEST(ErlangTextTest, TheLimitsOfPayloadsBoundTexts) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '{') + std::string(depth, '}');
  };
  EXPECT_FALSE(Refused(nested(256)));
  EXPECT_TRUE(Refused(nested(257)));
  EXPECT_TRUE(Refused(std::string(1000000, '[')));
  std::string chain;
  for (int i = 0; i < 1000; ++i) chain += "[a|";
  EXPECT_TRUE(Refused(chain));
  EXPECT_FALSE(Refused("{a,b}", {.terms = 2}));
  EXPECT_TRUE(Refused("{a,b,c}", {.terms = 2}));
  EXPECT_TRUE(Refused("\"abc\"", {.terms = 2}));
  EXPECT_TRUE(Refused("#{a => 1,b => 2}", {.terms = 3}));
  EXPECT_FALSE(Refused("65535", {.integer_bytes = 2}));
  EXPECT_TRUE(Refused("65536", {.integer_bytes = 2}));
  EXPECT_FALSE(Refused(ToErlangText(Term::BigInteger(true, std::string(1024, '\xff')))));
  EXPECT_TRUE(Refused(std::string(1000000, '9')));
  EXPECT_EQ(Normal(std::string(100000, '0') + "7"), "7");
  EXPECT_TRUE(Refused("'" + std::string(256, 'a') + "'"));
}

TEST(ErlangTextTest, BigIntegersSurviveDecimal) {
  for (size_t size : {9, 12, 16, 255, 256, 1024}) {
    std::string magnitude(size, '\0');
    for (size_t i = 0; i < size; ++i) magnitude[i] = static_cast<char>(i * 37 + 1);
    for (const bool negative : {false, true}) {
      const Term big = Term::BigInteger(negative, magnitude);
      const auto parsed = ParseErlangText(ToErlangText(big));
      ASSERT_TRUE(parsed.ok()) << parsed.error();
      EXPECT_EQ(parsed.term(), big);
    }
  }
}

}  // namespace
}  // namespace chat::bert
