#include "libs/bert/decode.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "libs/bert/text.h"

namespace chat::bert {
namespace {

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string Count(size_t count) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(count >> shift));
  return bytes;
}

std::string Repeat(std::string_view part, size_t times) {
  std::string whole;
  for (size_t i = 0; i < times; ++i) whole += part;
  return whole;
}

std::string Compressed(std::string_view term, size_t declared) {
  std::vector<Bytef> deflated(compressBound(term.size()));
  uLongf size = deflated.size();
  EXPECT_EQ(
      compress(deflated.data(), &size, reinterpret_cast<const Bytef*>(term.data()), term.size()),
      Z_OK);
  return "\x83\x50" + Count(declared) + std::string(deflated.begin(), deflated.begin() + size);
}

std::string Text(std::string_view payload, const Limits& limits = {}) {
  const auto result = Decode(payload, limits);
  return result.ok() ? ToErlangText(result.term()) : "refused: " + result.error();
}

bool Refused(std::string_view payload, const Limits& limits = {}) {
  return !Decode(payload, limits).ok();
}

std::string Nested(std::string_view open, size_t depth, std::string_view core,
                   std::string_view close = "") {
  return "\x83" + Repeat(open, depth) + std::string(core) + Repeat(close, depth);
}

TEST(DecodeTest, EveryFormOfTheSameAtomIsTheSameTerm) {
  for (const char* hex : {"8364000161", "83730161", "8376000161", "83770161"})
    EXPECT_EQ(Text(FromHex(hex)), "a");
  EXPECT_EQ(Decode(FromHex("83640001e9")).term(), Decode(FromHex("837702c3a9")).term());
}

TEST(DecodeTest, AtomsHaveAtMost255CharactersInEveryForm) {
  EXPECT_FALSE(Refused("\x83\x64" + FromHex("00ff") + Repeat("\xe9", 255)));
  EXPECT_TRUE(Refused("\x83\x64" + FromHex("0100") + Repeat("a", 256)));
  EXPECT_FALSE(Refused("\x83\x76" + FromHex("01fe") + Repeat("\xd0\xb6", 255)));
  EXPECT_TRUE(Refused("\x83\x76" + FromHex("0200") + Repeat("\xd0\xb6", 256)));
  EXPECT_FALSE(Refused("\x83\x76" + FromHex("03fc") + Repeat("\xf0\x9f\x98\x80", 255)));
  EXPECT_TRUE(Refused("\x83\x76" + FromHex("0100") + Repeat("a", 256)));
}

TEST(DecodeTest, AtomsAreStrictUtf8) {
  for (const char* bad : {"c080", "c1bf", "e08080", "e09fbf", "eda080", "edbfbf", "f08fbfbf",
                          "f4908080", "f5808080", "80", "c3", "e282", "f09f98", "fe", "c328"}) {
    const std::string bytes = FromHex(bad);
    EXPECT_TRUE(Refused("\x83\x77" + std::string(1, static_cast<char>(bytes.size())) + bytes))
        << bad;
  }
  for (const char* good :
       {"c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf"}) {
    const std::string bytes = FromHex(good);
    EXPECT_FALSE(Refused("\x83\x77" + std::string(1, static_cast<char>(bytes.size())) + bytes))
        << good;
  }
}

TEST(DecodeTest, ListsOfBytesAreEqualInEveryForm) {
  for (const char* hex : {"836b00020102", "836c00000002610161026a", "836c00000002620000000161026a",
                          "836c0000000161016c0000000161026a", "836c0000000161016b000102",
                          "836c000000006b00020102", "836c0000000261016e0100026a"}) {
    EXPECT_EQ(Text(FromHex(hex)), "[1,2]") << hex;
    EXPECT_EQ(Decode(FromHex(hex)).term().kind(), Term::Kind::kByteList) << hex;
  }
}

TEST(DecodeTest, EmptyListsOfEveryFormAreNil) {
  for (const char* hex :
       {"836a", "836b0000", "836c000000006a", "836c000000006b0000", "836c000000006c000000006a"}) {
    EXPECT_TRUE(Decode(FromHex(hex)).term().IsNil()) << hex;
  }
}

TEST(DecodeTest, AZeroCountListIsItsTail) {
  EXPECT_EQ(Text(FromHex("836c0000000064000161")), "a");
  EXPECT_EQ(Text(FromHex("836c000000006c0000000161016102")), "[1|2]");
  EXPECT_EQ(Text(FromHex("836c0000000161016c000000006102")), "[1|2]");
}

TEST(DecodeTest, ATailedListMayBeImproperInTheEnd) {
  EXPECT_EQ(Text(FromHex("836c0000000161016c0000000161026103")), "[1,2|3]");
  EXPECT_EQ(Text(FromHex("836c0000000161017400000000")), "[1|#{}]");
}

TEST(DecodeTest, BytesAfterTheTermAreIgnored) {
  EXPECT_EQ(Text(FromHex("836105ffff")), "5");
  EXPECT_EQ(Text(Compressed(FromHex("6105"), 2) + "rest"), "5");
}

TEST(DecodeTest, EveryCutOfATermIsRefused) {
  const std::string term = FromHex(
      "8368056400036162636d0000000268696c000000026200000100463ff80000000000006a"
      "74000000017701616e0200ffff6f00000002010101");
  ASSERT_EQ(Text(term), "{abc,<<\"hi\">>,[256,1.5],#{a => 65535},-257}");
  for (size_t size = 0; size < term.size(); ++size)
    EXPECT_TRUE(Refused(term.substr(0, size))) << size;
}

TEST(DecodeTest, DepthCountsTuplesListsMapsAndListTails) {
  EXPECT_FALSE(Refused(Nested("\x68\1", 256, "\x6a")));
  EXPECT_TRUE(Refused(Nested("\x68\1", 257, "\x6a")));
  const std::string list("\x6c\0\0\0\1", 5);
  EXPECT_FALSE(Refused(Nested(list, 256, "\x6a", "\x6a")));
  EXPECT_TRUE(Refused(Nested(list, 257, "\x6a", "\x6a")));
  const std::string map("\x74\0\0\0\1\x6a", 6);
  EXPECT_FALSE(Refused(Nested(map, 256, "\x6a")));
  EXPECT_TRUE(Refused(Nested(map, 257, "\x6a")));
  const std::string tail("\x6c\0\0\0\1\x61\5", 7);
  EXPECT_FALSE(Refused(Nested(tail, 256, "\x6a")));
  EXPECT_TRUE(Refused(Nested(tail, 257, "\x6a")));
  // Strings and NIL are no containers.
  EXPECT_FALSE(Refused(Nested("\x68\1", 256, std::string("\x6b\0\1\1", 4))));
  EXPECT_TRUE(Refused(Nested("\x68\1", 3, "\x6a"), {.depth = 2}));
}

TEST(DecodeTest, SiblingsDoNotAddToTheDepth) {
  EXPECT_EQ(Text(FromHex("836803680068006800"), {.depth = 2}), "{{},{},{}}");
  EXPECT_TRUE(Refused(FromHex("836803680068006800"), {.depth = 1}));
}

TEST(DecodeTest, ElementsOfEveryContainerCountAgainstTheTotal) {
  const Limits four{.terms = 4};
  for (const char* hex :
       {"8368046101610261036104", "836b000401020304", "836c000000046a6a6a6a6a",
        "83740000000261016a61026a", "8368016b0003010203", "836c0000000261006a6b00020405"}) {
    EXPECT_FALSE(Refused(FromHex(hex), four)) << hex;
    EXPECT_TRUE(Refused(FromHex(hex), {.terms = 3})) << hex;
  }
}

TEST(DecodeTest, ACountIsComparedWithTheBytesLeftBeforeAnythingIsAllocated) {
  const Limits boundless{.terms = size_t{1} << 40};
  for (const char* hex : {"8369ffffffff", "836cffffffff", "8374ffffffff", "836dffffffff",
                          "836fffffffff00", "83740000000361016a6102"}) {
    EXPECT_TRUE(Refused(FromHex(hex), boundless)) << hex;
  }
}

TEST(DecodeTest, NestedHugeCountsShareOneAllowance) {
  // Each tuple claims all the bytes behind it; only the first fits the total.
  std::string payload = "\x83";
  for (int i = 0; i < 200; ++i) payload += "\x69" + Count(200000);
  payload += std::string(200000, '\x6a');
  EXPECT_TRUE(Refused(payload));
}

TEST(DecodeTest, ALongChainOfTailsIsReadInLinearTime) {
  std::string payload = "\x83";
  for (int i = 0; i < 250; ++i) payload += "\x6c" + Count(1000) + Repeat("\x6a", 1000);
  EXPECT_EQ(Decode(payload + "\x6a").term().ProperListSize(), 250000u);
}

TEST(DecodeTest, AnIntegerHasAtMost1024MagnitudeBytes) {
  EXPECT_FALSE(
      Refused("\x83\x6f" + Count(1024) + std::string(1, '\0') + std::string(1024, '\xff')));
  EXPECT_TRUE(Refused("\x83\x6f" + Count(1025) + std::string(1, '\0') + std::string(1025, '\xff')));
}

TEST(DecodeTest, FloatsAreFinite) {
  EXPECT_EQ(Text(FromHex("83467fefffffffffffff")), "1.7976931348623157e308");
  EXPECT_EQ(Text(FromHex("83468000000000000000")), "-0.0");
  EXPECT_TRUE(Refused(FromHex("83467ff0000000000000")));
  EXPECT_TRUE(Refused(FromHex("8346fff8000000000000")));
}

std::string FloatText(std::string text) {
  text.resize(31, '\0');
  return "\x83\x63" + text;
}

TEST(DecodeTest, FloatTextIsErlangSyntaxPaddedWithZeros) {
  EXPECT_EQ(Text(FloatText("1.50000000000000000000e+00")), "1.5");
  EXPECT_EQ(Text(FloatText("-2.50000000000000000000e-01")), "-0.25");
  EXPECT_EQ(Text(FloatText("+1.0")), "1.0");
  EXPECT_EQ(Text(FloatText("4.94065645841246544177e-324")), "5.0e-324");
  EXPECT_EQ(Text(FloatText("1.00000000000000000000e-400")), "0.0");
  EXPECT_EQ(Text(FloatText("-1.00000000000000000000e-400")), "-0.0");
  for (const char* bad : {"", "1", "1.", ".5", "1e5", "1.0e", "1.0e+", "inf", "nan", "0x1.8p0",
                          " 1.0", "1.0 ", "1.0x", "1.0e400", "-1.0e400", "--1.0", "1.0e5.0"}) {
    EXPECT_TRUE(Refused(FloatText(bad))) << bad;
  }
}

TEST(DecodeTest, MapKeysAreDistinctAndSorted) {
  EXPECT_EQ(Text(FromHex("8374000000026109610561016102")), "#{1 => 2,9 => 5}");
  EXPECT_TRUE(Refused(FromHex("83740000000361016a61026a61016a")));
  // The same key in two forms.
  EXPECT_TRUE(Refused(FromHex("837400000002640001616a7701616a")));
  EXPECT_EQ(Text(FromHex("837400000002463ff00000000000006a61016a")), "#{1 => [],1.0 => []}");
}

TEST(DecodeTest, ACompressedTermInflatesToExactlyItsSizeAndOneTerm) {
  EXPECT_EQ(Text(Compressed(FromHex("6105"), 2)), "5");
  EXPECT_TRUE(Refused(Compressed(FromHex("6105"), 1)));
  EXPECT_TRUE(Refused(Compressed(FromHex("6105"), 3)));
  EXPECT_TRUE(Refused(Compressed(FromHex("6105"), 0)));
  EXPECT_TRUE(Refused(Compressed("", 0)));
  EXPECT_TRUE(Refused(Compressed(FromHex("61056a"), 3)));
  EXPECT_TRUE(Refused(Compressed(FromHex("61"), 1)));
  const std::string inner = Compressed(FromHex("6105"), 2).substr(1);
  EXPECT_TRUE(Refused(Compressed(inner, inner.size())));
  EXPECT_TRUE(Refused("\x83\x68\1" + inner));
}

TEST(DecodeTest, ACompressedTermMayNotGrowBeyondTheLimit) {
  const std::string term = "\x6d" + Count(1000) + std::string(1000, 'x');
  EXPECT_FALSE(Refused(Compressed(term, term.size()), {.inflated_bytes = term.size()}));
  EXPECT_TRUE(Refused(Compressed(term, term.size()), {.inflated_bytes = term.size() - 1}));
  const std::string large = "\x6d" + Count((4 << 20) - 5) + std::string((4 << 20) - 5, 'x');
  EXPECT_FALSE(Refused(Compressed(large, large.size())));
  EXPECT_TRUE(Refused(Compressed(large + 'x', large.size() + 1)));
}

TEST(DecodeTest, ADamagedStreamIsRefusedAtEveryByte) {
  const std::string payload = Compressed(FromHex("680261056d00000003616263"), 12);
  ASSERT_FALSE(Refused(payload));
  for (size_t size = 0; size < payload.size(); ++size)
    EXPECT_TRUE(Refused(payload.substr(0, size))) << size;
  std::string damaged = payload;
  damaged.back() ^= 1;
  EXPECT_TRUE(Refused(damaged));
}

TEST(DecodeTest, TagsOutsideTheTableAreRefused) {
  const std::string accepted =
      "\x46\x61\x62\x63\x64\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f\x73\x74\x76\x77";
  for (int tag = 0; tag < 256; ++tag) {
    if (accepted.find(static_cast<char>(tag)) != std::string::npos) continue;
    EXPECT_TRUE(Refused("\x83" + std::string(1, static_cast<char>(tag)) + std::string(64, '\0')))
        << tag;
  }
}

TEST(DecodeTest, AReasonNamesTheOffset) {
  EXPECT_EQ(Decode(FromHex("8368026105ff")).error(), "byte 4: an unknown or forbidden tag");
  EXPECT_EQ(Decode("").error(), "the version byte is missing");
}

}  // namespace
}  // namespace chat::bert
