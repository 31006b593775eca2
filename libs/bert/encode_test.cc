#include "libs/bert/encode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "libs/bert/text.h"

namespace chat::bert {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += kDigits[static_cast<unsigned char>(byte) >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string HexOf(std::string_view text) {
  const auto result = ParseErlangText(text);
  return result.ok() ? Hex(Encode(result.term())) : result.error();
}

TEST(EncodeTest, IntegersTakeTheShortestForm) {
  EXPECT_EQ(HexOf("0"), "836100");
  EXPECT_EQ(HexOf("255"), "8361ff");
  EXPECT_EQ(HexOf("256"), "836200000100");
  EXPECT_EQ(HexOf("-1"), "8362ffffffff");
  EXPECT_EQ(HexOf("2147483647"), "83627fffffff");
  EXPECT_EQ(HexOf("2147483648"), "836e040000000080");
  EXPECT_EQ(HexOf("-2147483648"), "836280000000");
  EXPECT_EQ(HexOf("-2147483649"), "836e040101000080");
  EXPECT_EQ(HexOf("9223372036854775807"), "836e0800ffffffffffffff7f");
  EXPECT_EQ(HexOf("-9223372036854775808"), "836e08010000000000000080");
  EXPECT_EQ(HexOf("18446744073709551616"), "836e0900000000000000000001");
}

TEST(EncodeTest, BigIntegersAbove255BytesAreLarge) {
  const std::string small(255, '\1');
  EXPECT_EQ(Encode(Term::BigInteger(true, small)), "\x83\x6e\xff\1" + small);
  const std::string large(256, '\1');
  EXPECT_EQ(Encode(Term::BigInteger(false, large)), std::string("\x83\x6f\0\0\1\0\0", 7) + large);
}

TEST(EncodeTest, TheStreamingIntegerFormsAgreeWithTerms) {
  std::string out;
  AppendUnsigned(std::numeric_limits<uint64_t>::max(), out);
  EXPECT_EQ(Hex(out), "6e0800ffffffffffffffff");
  out.clear();
  AppendUnsigned(255, out);
  AppendBigInteger(true, std::string_view("\5\0", 2), out);
  AppendBigInteger(true, std::string_view("\0\0\0\0\0\0\0\x80\0", 9), out);
  EXPECT_EQ(Hex(out), "61ff62fffffffb6e08010000000000000080");
}

TEST(EncodeTest, AtomsAreLatin1WheneverPossible) {
  EXPECT_EQ(HexOf("''"), "83640000");
  EXPECT_EQ(HexOf("'\xc3\xa9'"), "83640001e9");
  EXPECT_EQ(HexOf("'\xd0\xb6'"), "837702d0b6");
  std::string wide;
  for (int i = 0; i < 128; ++i) wide += "\xd0\xb6";
  EXPECT_EQ(Encode(Term::Atom(wide)), std::string("\x83\x76\1\0", 4) + wide);
  std::string latin1;
  for (int i = 0; i < 255; ++i) latin1 += "\xc3\xa9";
  EXPECT_EQ(Encode(Term::Atom(latin1)),
            std::string("\x83\x64\0\xff", 4) + std::string(255, '\xe9'));
}

TEST(EncodeTest, WhatTheWireCannotHoldIsRefusedAndLeavesNoTrace) {
  std::string out = "x";
  EXPECT_FALSE(AppendFloat(std::nan(""), out));
  EXPECT_FALSE(AppendFloat(-std::numeric_limits<double>::infinity(), out));
  EXPECT_FALSE(AppendAtom(std::string(256, 'a'), out));
  EXPECT_FALSE(AppendAtom("\xc3\x28", out));
  EXPECT_EQ(out, "x");
}

TEST(EncodeTest, ListsOfBytesAreStringsUpTo65535) {
  EXPECT_EQ(HexOf("[1,2,255]"), "836b00030102ff");
  EXPECT_EQ(HexOf("[1,256]"), "836c00000002610162000001006a");
  EXPECT_EQ(Encode(Term::ByteList(std::string(65535, 'x'))),
            "\x83\x6b\xff\xff" + std::string(65535, 'x'));
  const std::string longer = Encode(Term::ByteList(std::string(65536, 'x')));
  EXPECT_EQ(longer.size(), 1 + 5 + 2 * 65536 + 1u);
  EXPECT_EQ(Hex(longer.substr(0, 8)), "836c000100006178");
  EXPECT_EQ(longer.back(), '\x6a');
}

TEST(EncodeTest, StreamedListsAgreeWithTerms) {
  const std::vector<std::vector<int64_t>> lists = {{},       {0},  {1, 255},
                                                   {1, 256}, {-1}, {1LL << 40, 5}};
  for (const auto& values : lists) {
    std::vector<Term> terms;
    for (const int64_t value : values) terms.push_back(Term::Integer(value));
    std::string expected;
    AppendTerm(Term::List(terms), expected);
    std::string out;
    AppendIntegerList(values, out);
    EXPECT_EQ(Hex(out), Hex(expected));
  }
  std::string out;
  AppendByteList("", out);
  EXPECT_EQ(Hex(out), "6a");
}

TEST(EncodeTest, AStreamedRecordEqualsTheTerm) {
  std::string out;
  AppendVersion(out);
  AppendTupleHeader(5, out);
  EXPECT_TRUE(AppendAtom("Message", out));
  AppendBinary("id", out);
  AppendListHeader(1, out);
  EXPECT_TRUE(AppendFloat(1.5, out));
  AppendNil(out);
  AppendMapHeader(1, out);
  AppendInteger(1, out);
  AppendNil(out);
  AppendNil(out);
  EXPECT_EQ(Hex(out), HexOf("{'Message',<<\"id\">>,[1.5],#{1 => []},[]}"));
}

TEST(EncodeTest, TuplesAbove255ElementsAreLarge) {
  EXPECT_EQ(Hex(Encode(Term::Tuple(std::vector<Term>(255))).substr(0, 4)), "8368ff6a");
  EXPECT_EQ(Hex(Encode(Term::Tuple(std::vector<Term>(256))).substr(0, 7)), "8369000001006a");
}

TEST(EncodeTest, ImproperListsEndWithTheirTail) {
  EXPECT_EQ(HexOf("[1,2|<<\"t\">>]"), "836c00000002610161026d0000000174");
}

TEST(EncodeTest, MapKeysAreInTermOrder) {
  EXPECT_EQ(
      HexOf("#{[a] => 1,<<>> => 1,[] => 1,#{} => 1,{} => 1,a => 1,1.0 => 1,2 => 1,1 => 1}"),
      "8374000000096101610161026101463ff0000000000000610164000161610168006101740000000061016a6101"
      "6c00000001640001616a61016d000000006101");
}

}  // namespace
}  // namespace chat::bert
