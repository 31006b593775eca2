#include "services/roster/nick.h"

#include <gtest/gtest.h>

#include <string>

namespace chat::roster {
namespace {

std::string Repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(NickTest, LettersDigitsUnderscoreDotAndDashAreAllowed) {
  EXPECT_EQ(FoldNick("olena_k"), "olena_k");
  EXPECT_EQ(FoldNick("lily.w-7"), "lily.w-7");
  EXPECT_EQ(FoldNick("Їжак"), "їжак");
  EXPECT_EQ(FoldNick("日本語"), "日本語");
  EXPECT_EQ(FoldNick("٣٤"), "٣٤");
}

TEST(NickTest, EverythingElseIsRefused) {
  for (const char* nick :
       {"a b", "a/b", "a+b", "a#b", "a@b", "ab\n", "ab\t", "a\x01", "😀😀", "a,b", "a'b",
        "a\xc2\xa0"
        "b",
        "a\xe2\x80\x8b"
        "b"}) {
    EXPECT_FALSE(FoldNick(nick)) << nick;
  }
}

TEST(NickTest, LengthIsCountedInCharacters) {
  EXPECT_FALSE(FoldNick(""));
  EXPECT_FALSE(FoldNick("a"));
  EXPECT_FALSE(FoldNick("ї"));
  EXPECT_TRUE(FoldNick("її"));
  EXPECT_TRUE(FoldNick(Repeated("ї", 32)));
  EXPECT_FALSE(FoldNick(Repeated("ї", 33)));
  EXPECT_TRUE(FoldNick(Repeated("𠀀", 32)));
}

TEST(NickTest, TextThatIsNotUtf8IsRefused) {
  for (const std::string nick : {"ab\xff", "ab\xc3", "ab\xe2\x82",
                                 "\xc0\xaf"
                                 "ab",
                                 "\xed\xa0\x80"
                                 "ab",
                                 "\xf4\x90\x80\x80"
                                 "ab",
                                 "\x80"
                                 "ab",
                                 "ab\xf8\x88\x80\x80\x80", "ab\xe0\x80\x80"}) {
    EXPECT_FALSE(FoldNick(nick));
  }
  EXPECT_FALSE(FoldNick(std::string("a\0b", 3)));
}

TEST(NickTest, SimpleCaseFoldingMakesNicksEqual) {
  EXPECT_EQ(FoldNick("OLENA_K"), FoldNick("olena_k"));
  EXPECT_EQ(FoldNick("ЇЖАК"), FoldNick("їжак"));
  EXPECT_EQ(FoldNick("ΟΔΟΣ"), FoldNick("οδος"));
  EXPECT_EQ(FoldNick("ΟΔΟΣ"), FoldNick("οδοσ"));
  EXPECT_EQ(FoldNick("STRAẞE"), FoldNick("straße"));
  EXPECT_EQ(FoldNick("\xe2\x84\xaa"
                     "elvin"),
            FoldNick("kelvin"));  // U+212A
  EXPECT_EQ(FoldNick("meſſe"), FoldNick("MESSE"));
  EXPECT_EQ(FoldNick("Ǆa"), FoldNick("ǅa"));
}

TEST(NickTest, WhatOnlyFullOrTurkicFoldingWouldJoinStaysApart) {
  EXPECT_NE(FoldNick("straße"), FoldNick("strasse"));
  EXPECT_NE(FoldNick("ıı"), FoldNick("ii"));
  EXPECT_NE(FoldNick("İİ"), FoldNick("ii"));
}

}  // namespace
}  // namespace chat::roster
