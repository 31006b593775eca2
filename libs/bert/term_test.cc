#include "libs/bert/term.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "libs/bert/text.h"

namespace chat::bert {
namespace {

using testing::Optional;

Term Parsed(std::string_view text) {
  auto result = ParseErlangText(text);
  EXPECT_TRUE(result.ok()) << text << ": " << result.error();
  return result.ok() ? std::move(result).term() : Term();
}

TEST(TermTest, ADefaultTermIsTheEmptyList) {
  EXPECT_TRUE(Term().IsNil());
  EXPECT_TRUE(Term().IsProperList());
  EXPECT_EQ(Term(), Term::List({}));
  EXPECT_EQ(Term(), Term::ByteList(""));
}

TEST(TermTest, AnIntegerThatFitsIsNeverBig) {
  const std::string padded("\5\0\0\0\0\0\0\0\0\0\0", 11);
  EXPECT_THAT(Term::BigInteger(false, padded).AsInteger(), Optional(5));
  EXPECT_THAT(Term::BigInteger(true, padded).AsInteger(), Optional(-5));
  EXPECT_THAT(Term::BigInteger(true, "").AsInteger(), Optional(0));
  const std::string two_to_63("\0\0\0\0\0\0\0\x80", 8);
  EXPECT_THAT(Term::BigInteger(true, two_to_63).AsInteger(),
              Optional(std::numeric_limits<int64_t>::min()));
  const Term big = Term::BigInteger(false, two_to_63);
  EXPECT_EQ(big.AsInteger(), std::nullopt);
  ASSERT_TRUE(big.AsBigInteger());
  EXPECT_FALSE(big.AsBigInteger()->negative);
  EXPECT_EQ(big.AsBigInteger()->magnitude, two_to_63);
}

TEST(TermTest, AListOfBytesIsOneValueHoweverItWasBuilt) {
  const Term bytes = Term::ByteList("\1\2\xff");
  const Term elements = Term::List({Term::Integer(1), Term::Integer(2), Term::Integer(255)});
  EXPECT_EQ(bytes, elements);
  EXPECT_THAT(elements.AsByteList(), Optional(std::string_view("\1\2\xff")));
  EXPECT_EQ(elements.AsList(), nullptr);
  EXPECT_EQ(Term::List({Term::Integer(1), Term::Integer(256)}).kind(), Term::Kind::kList);
  EXPECT_EQ(Term::List({Term::Integer(-1)}).kind(), Term::Kind::kList);
  EXPECT_EQ(Term::List({Term::Float(1)}).kind(), Term::Kind::kList);
}

TEST(TermTest, ATailThatIsAListContinuesTheList) {
  const auto a = [] { return std::vector<Term>{Term::Atom("a")}; };
  EXPECT_EQ(Term::ImproperList(a(), Term::Nil()), Term::List(a()));
  EXPECT_EQ(Term::ImproperList(a(), Term::ByteList("\1")), Parsed("[a,1]"));
  EXPECT_EQ(Term::ImproperList(a(), Term::ImproperList(a(), Term::Atom("t"))), Parsed("[a,a|t]"));
  EXPECT_EQ(Term::ImproperList({}, Term::Atom("t")), Term::Atom("t"));
  EXPECT_EQ(Term::ImproperList({Term::Integer(1)}, Term::ByteList("\2")), Term::ByteList("\1\2"));
}

TEST(TermTest, EveryRepresentationIsVisitedElementByElement) {
  for (const std::string_view text : {"[]", "[1,2,3]", "[a,<<\"b\">>,300]"}) {
    std::vector<Term> seen;
    EXPECT_TRUE(Parsed(text).ForEachElement([&](const Term& element) {
      seen.push_back(element);
      return true;
    }));
    EXPECT_EQ(seen.size(), Parsed(text).ProperListSize());
    EXPECT_EQ(Term::List(seen), Parsed(text));
  }
  const auto all = [](const Term&) { return true; };
  EXPECT_FALSE(Parsed("[a|b]").ForEachElement(all));
  EXPECT_FALSE(Parsed("{a}").ForEachElement(all));
  int visits = 0;
  EXPECT_FALSE(Parsed("[1,2,3]").ForEachElement([&](const Term&) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

TEST(TermTest, TextsOfEveryLengthSurviveCopyMoveAndAssignment) {
  for (size_t size : {0, 1, 15, 29, 30, 31, 32, 255, 70000}) {
    const std::string text(size, 'x');
    Term original = Term::Binary(text);
    Term copy = original;
    EXPECT_EQ(copy, original);
    Term moved = std::move(original);
    EXPECT_THAT(moved.AsBinary(), Optional(std::string_view(text)));
    EXPECT_TRUE(original.IsNil());  // NOLINT: the header promises what a move leaves
    Term assigned = Term::Tuple({Term::Binary(std::string(100, 'y'))});
    assigned = copy;
    EXPECT_EQ(assigned, moved);
    assigned = Term::Integer(7);
    EXPECT_THAT(assigned.AsInteger(), Optional(7));
  }
}

TEST(TermTest, ContainersSurviveCopyMoveAndSelfAssignment) {
  for (const std::string_view text :
       {"{a,{b,[c,300]}}", "[a,b|c]", "#{a => #{b => c},[x] => {1}}"}) {
    Term original = Parsed(text);
    Term copy = original;
    Term& alias = copy;
    copy = alias;
    EXPECT_EQ(copy, original);
    copy = std::move(alias);
    EXPECT_EQ(copy, original);
    const Term moved = std::move(original);
    EXPECT_EQ(moved, copy);
    EXPECT_TRUE(original.IsNil());  // NOLINT: the header promises what a move leaves
  }
}

TEST(TermTest, AnAccessorAnswersForItsOwnKindOnly) {
  const Term atom = Term::Atom("a");
  EXPECT_FALSE(atom.AsBinary() || atom.AsByteList() || atom.AsInteger() || atom.AsFloat());
  EXPECT_FALSE(atom.AsTuple() || atom.AsList() || atom.AsImproperList() || atom.AsMap());
  EXPECT_TRUE(atom.IsAtom("a"));
  EXPECT_FALSE(atom.IsAtom("b"));
  EXPECT_FALSE(Term::Binary("a").IsAtom("a"));
  EXPECT_FALSE(Parsed("[a|b]").IsProperList());
}

TEST(TermTest, EqualityIsErlangsExactEquality) {
  EXPECT_FALSE(Parsed("1") == Parsed("1.0"));
  EXPECT_TRUE(Parsed("0.0") == Parsed("-0.0"));
  EXPECT_FALSE(Parsed("a") == Parsed("<<\"a\">>"));
  EXPECT_FALSE(Parsed("[1,2]") == Parsed("[1|2]"));
  EXPECT_FALSE(Parsed("{1,2}") == Parsed("[1,2]"));
  EXPECT_TRUE(Parsed("#{a => 1,b => 2}") == Parsed("#{b => 2,a => 1}"));
}

TEST(TermTest, TermsAreOrderedAsMapKeys) {
  const char* const ascending[] = {"-18446744073709551616",
                                   "-9223372036854775809",
                                   "-9223372036854775808",
                                   "-1",
                                   "0",
                                   "1",
                                   "2",
                                   "9223372036854775807",
                                   "9223372036854775808",
                                   "18446744073709551616",
                                   "-5.0",
                                   "1.0",
                                   "2.5",
                                   "''",
                                   "'A'",
                                   "a",
                                   "aa",
                                   "b",
                                   "'\xd0\xb6'",
                                   "{}",
                                   "{z}",
                                   "{1,2}",
                                   "{1,3}",
                                   "{1.0,1}",
                                   "#{}",
                                   "#{b => 1}",
                                   "#{a => 1,b => 1}",
                                   "#{a => 1,b => 2}",
                                   "#{a => 0,c => 0}",
                                   "[]",
                                   "[1|0]",
                                   "[1|a]",
                                   "[1]",
                                   "[1,1|a]",
                                   "[1,1]",
                                   "[1,2]",
                                   "[1,a]",
                                   "[1|<<>>]",
                                   "[2]",
                                   "[300]",
                                   "[a]",
                                   "[[]]",
                                   "<<>>",
                                   "<<0>>",
                                   "<<\"a\">>",
                                   "<<\"aa\">>",
                                   "<<\"b\">>",
                                   "<<255>>"};
  for (size_t i = 0; i < std::size(ascending); ++i) {
    for (size_t j = 0; j < std::size(ascending); ++j) {
      const int order = Compare(Parsed(ascending[i]), Parsed(ascending[j]));
      EXPECT_EQ(order < 0, i < j) << ascending[i] << " and " << ascending[j];
      EXPECT_EQ(order == 0, i == j) << ascending[i] << " and " << ascending[j];
    }
  }
}

TEST(TermTest, AMapWithTheSameKeyTwiceIsRefused) {
  EXPECT_EQ(
      Term::Map(
          {{Term::Integer(1), Term()}, {Term::Atom("a"), Term()}, {Term::Integer(1), Term()}}),
      std::nullopt);
  EXPECT_EQ(Term::Map({{Term::Float(0.0), Term()}, {Term::Float(-0.0), Term()}}), std::nullopt);
  EXPECT_TRUE(Term::Map({{Term::Float(1), Term()}, {Term::Integer(1), Term()}}));
}

TEST(TermTest, AnAtomHasAtMost255Characters) {
  EXPECT_TRUE(Term::ValidAtom(std::string(255, 'a')));
  EXPECT_FALSE(Term::ValidAtom(std::string(256, 'a')));
  std::string wide;
  for (int i = 0; i < 255; ++i) wide += "\xd0\xb6";
  EXPECT_TRUE(Term::ValidAtom(wide));
  EXPECT_FALSE(Term::ValidAtom(wide + "a"));
  EXPECT_FALSE(Term::ValidAtom("\xc3\x28"));
}

TEST(TermDeathTest, TheProgramMayNotInventImpossibleTerms) {
  EXPECT_DEATH((void)Term::Float(std::nan("")), "");
  EXPECT_DEATH((void)Term::Atom("\xff"), "");
}

}  // namespace
}  // namespace chat::bert
