#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/utf8.h"
#include "libs/bert/decode.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"

namespace chat::bert {
namespace {

// Random terms of every kind, the same in every run.
class RandomTerms {
 public:
  Term Next(int depth = 0) {
    switch (Below(depth < 5 ? 14 : 9)) {
      case 0:
        return Term::Nil();
      case 1:
        return Term::Integer(static_cast<int64_t>(engine_()) >> Below(64));
      case 2:
        return Term::Integer(static_cast<int64_t>(Below(512)) - 128);
      case 3:
        return Term::BigInteger(Below(2) == 1, Bytes(Below(20) == 0 ? Below(400) : Below(12)));
      case 4:
        return Term::Float(Double());
      case 5:
        return Term::Atom(Characters(Below(20) == 0 ? 255 : Below(12)));
      case 6:
        return Term::Binary(Bytes(Below(60)));
      case 7:
        return Term::Binary(Characters(Below(40)));
      case 8:
        return Term::ByteList(Bytes(Below(40)));
      case 9:
      case 10:
        return Term::Tuple(Terms(Below(50) == 0 ? 300 : Below(15), depth));
      case 11:
        return Term::List(Terms(Below(8), depth));
      case 12:
        return Term::ImproperList(Terms(Below(4), depth), Next(depth + 1));
      default:
        return Map(Below(8), depth);
    }
  }

  size_t Below(size_t bound) { return engine_() % bound; }

 private:
  std::string Bytes(size_t size) {
    std::string bytes;
    while (bytes.size() < size) bytes.push_back(static_cast<char>(engine_()));
    return bytes;
  }

  std::string Characters(size_t count) {
    constexpr char32_t kBounds[] = {0x80, 0x80, 0x80, 0x100, 0x800, 0xd800, 0x110000};
    const char32_t bound = kBounds[Below(std::size(kBounds))];
    std::string text;
    for (; count > 0; --count) {
      const auto character = static_cast<char32_t>(Below(bound));
      AppendCharacter(character >= 0xd800 && character <= 0xdfff ? 0xfffd : character, text);
    }
    return text;
  }

  double Double() {
    if (Below(2) == 0)
      return static_cast<double>(static_cast<int64_t>(Below(2000000)) - 1000000) / 1000;
    const auto value = std::bit_cast<double>(engine_());
    return std::isfinite(value) ? value : -0.0;
  }

  std::vector<Term> Terms(size_t count, int depth) {
    std::vector<Term> terms;
    // A large container has small elements, so that a term stays small.
    while (terms.size() < count) terms.push_back(Next(count > 20 ? 5 : depth + 1));
    return terms;
  }

  Term Map(size_t count, int depth) {
    std::vector<MapEntry> entries;
    while (entries.size() < count) entries.push_back({Next(depth + 2), Next(depth + 1)});
    auto map = Term::Map(std::move(entries));
    return map ? *std::move(map) : Term::Atom("duplicate");
  }

  std::mt19937_64 engine_{20260101};
};

TEST(RandomRoundTripTest, EncodingIsCanonicalAndLosesNothing) {
  RandomTerms random;
  for (int i = 0; i < 3000; ++i) {
    const Term term = random.Next();
    const std::string payload = Encode(term);
    const auto decoded = Decode(payload);
    ASSERT_TRUE(decoded.ok()) << decoded.error() << " in " << ToErlangText(term);
    EXPECT_EQ(decoded.term(), term);
    EXPECT_EQ(Encode(decoded.term()), payload);
    EXPECT_EQ(Compare(decoded.term(), term), 0);
  }
}

TEST(RandomRoundTripTest, TextLosesNothing) {
  RandomTerms random;
  for (int i = 0; i < 3000; ++i) {
    const Term term = random.Next();
    const std::string text = ToErlangText(term);
    const auto parsed = ParseErlangText(text);
    ASSERT_TRUE(parsed.ok()) << parsed.error() << " in " << text;
    EXPECT_EQ(Encode(parsed.term()), Encode(term)) << text;
    EXPECT_EQ(ToErlangText(parsed.term()), text);
  }
}

TEST(RandomRoundTripTest, TheOrderIsAntisymmetricAndTransitive) {
  RandomTerms random;
  for (int i = 0; i < 3000; ++i) {
    const Term a = random.Next(3);
    const Term b = random.Next(3);
    const Term c = random.Next(3);
    EXPECT_EQ(Compare(a, b) < 0, Compare(b, a) > 0);
    EXPECT_EQ(Compare(a, b) == 0, a == b);
    EXPECT_TRUE(Compare(a, b) > 0 || Compare(b, c) > 0 || Compare(a, c) <= 0);
  }
}

TEST(RandomRoundTripTest, ADamagedPayloadIsRefusedOrReadsAsACanonicalTerm) {
  RandomTerms random;
  for (int i = 0; i < 3000; ++i) {
    std::string payload = Encode(random.Next());
    for (int changes = 0; changes < 3; ++changes) {
      payload[1 + random.Below(payload.size() - 1)] = static_cast<char>(random.Below(256));
    }
    const auto decoded = Decode(payload);
    if (!decoded.ok()) continue;
    const std::string canonical = Encode(decoded.term());
    const auto again = Decode(canonical);
    ASSERT_TRUE(again.ok()) << again.error();
    EXPECT_EQ(again.term(), decoded.term());
    EXPECT_EQ(Encode(again.term()), canonical);
  }
}

}  // namespace
}  // namespace chat::bert
