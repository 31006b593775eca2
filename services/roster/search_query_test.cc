#include "services/roster/search_query.h"

#include <gmock/gmock.h>

#include "libs/rpc/refusal.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Search Asked(const std::string& field, const std::string& type,
                 const std::vector<std::string>& values) {
  v1::Search search;
  search.set_field(field);
  search.set_type(type);
  for (const std::string& value : values) search.mutable_many()->add_texts(value);
  return search;
}

std::vector<std::string> Values(const std::string& field, const std::string& type,
                                const std::vector<std::string>& values) {
  const auto query = ParseSearch(Asked(field, type, values));
  if (!query.ok()) return {"refused"};
  return query->values;
}

bool IsInvalid(const v1::Search& search) {
  return rpc::RefusalOf(ParseSearch(search).status()) == v1::INVALID_DATA;
}

TEST(SearchQueryTest, EveryFieldHasItsWaysAndNoOthers) {
  const std::set<std::pair<std::string, std::string>> ways = {
      {"phone", "=="},    {"nick", "=="},       {"names", "=="}, {"names", "like"},
      {"surnames", "=="}, {"surnames", "like"}, {"email", "=="}};
  for (const char* field :
       {"phone", "nick", "names", "surnames", "email", "link", "id", "avatar", "Phone", ""}) {
    for (const char* type : {"==", "like", "!=", "=", ""}) {
      EXPECT_EQ(IsInvalid(Asked(field, type, {"abcdef"})), !ways.contains({field, type}))
          << field << " " << type;
    }
  }
  v1::Search unset;
  unset.set_one("abcdef");
  EXPECT_TRUE(IsInvalid(unset));
}

TEST(SearchQueryTest, APhoneIsItsDigits) {
  EXPECT_THAT(Values("phone", "==", {"+380 (67) 000-22-34"}), ElementsAre("380670002234"));
  EXPECT_THAT(Values("phone", "==",
                     {"380\xc2\xa0"
                      "670002234"}),
              ElementsAre("380670002234"));
  EXPECT_THAT(Values("phone", "==", {"1234", "", "no digits", "1234567890123456"}), IsEmpty());
}

TEST(SearchQueryTest, ANickIsFoldedAndOneThatCannotBeIsNotLookedFor) {
  EXPECT_THAT(Values("nick", "==", {"OLENA_K", "no nick", "a"}), ElementsAre("olena_k"));
}

TEST(SearchQueryTest, EqualValuesAreLookedForOnceAndCountedAsGiven) {
  const auto query = ParseSearch(Asked("phone", "==", {"+380670002234", "380670002234", "12"}));
  ASSERT_TRUE(query.ok());
  EXPECT_THAT(query->values, ElementsAre("380670002234"));
  EXPECT_EQ(query->given, 3);
}

TEST(SearchQueryTest, ALoneValueIsAListOfOneAndNoneFindsNobody) {
  v1::Search lone = Asked("names", "==", {});
  EXPECT_THAT(ParseSearch(lone)->values, IsEmpty());
  EXPECT_EQ(ParseSearch(lone)->given, 0);
  lone.set_one("Petro");
  EXPECT_THAT(ParseSearch(lone)->values, ElementsAre("Petro"));
  EXPECT_EQ(ParseSearch(lone)->given, 1);
  EXPECT_THAT(Values("names", "==", {""}), IsEmpty());
}

TEST(SearchQueryTest, APrefixHasThreeCharacters) {
  EXPECT_TRUE(IsInvalid(Asked("names", "like", {"Їж"})));
  EXPECT_TRUE(IsInvalid(Asked("surnames", "like", {"Koval", ""})));
  EXPECT_THAT(Values("names", "like", {"Їжа"}), ElementsAre("Їжа"));
  EXPECT_THAT(Values("surnames", "==", {"Li"}), ElementsAre("Li"));
}

TEST(SearchQueryTest, ThereAreAThousandValuesAtMost) {
  EXPECT_EQ(ParseSearch(Asked("phone", "==", std::vector<std::string>(1000, "12345")))->given,
            1000);
  EXPECT_TRUE(IsInvalid(Asked("phone", "==", std::vector<std::string>(1001, "12345"))));
}

TEST(SearchQueryTest, AValueIsTextOfAKilobyteAtMost) {
  for (const char* field : {"phone", "nick", "names", "surnames", "email"}) {
    EXPECT_TRUE(IsInvalid(Asked(field, "==", {"12345", "abc\xff"}))) << field;
    EXPECT_TRUE(IsInvalid(Asked(field, "==", {std::string("abc\0def", 7)}))) << field;
    EXPECT_TRUE(IsInvalid(Asked(field, "==", {std::string(1025, 'a')}))) << field;
    EXPECT_FALSE(IsInvalid(Asked(field, "==", {std::string(1024, 'a')}))) << field;
  }
}

TEST(RoomSearchTest, RoomsAreFoundByIdTogetherAndByNameOneByOne) {
  auto search = ParseRoomSearch(Asked("id", "==", {"b", "a", "b", ""}), {7});
  ASSERT_TRUE(search.ok());
  EXPECT_EQ(search->given, 4);
  ASSERT_EQ(search->finds.size(), 1u);
  EXPECT_EQ(search->finds[0].ShortDebugString(), "roster_id: 7 ids: \"a\" ids: \"b\"");
  search = ParseRoomSearch(Asked("names", "like", {"new", "old"}), {7});
  ASSERT_EQ(search->finds.size(), 2u);
  EXPECT_EQ(search->finds[1].ShortDebugString(), "roster_id: 7 prefix: \"old\"");
  search = ParseRoomSearch(Asked("names", "==", {"x"}), {7});
  EXPECT_EQ(search->finds[0].ShortDebugString(), "roster_id: 7 prefix: \"x\" exact: true");
  EXPECT_TRUE(ParseRoomSearch(Asked("id", "==", {}), {7})->finds.empty());
}

TEST(RoomSearchTest, OtherWaysAreInvalid) {
  for (const auto& [field, type] : std::vector<std::pair<std::string, std::string>>{
           {"id", "like"}, {"nick", "=="}, {"phone", "=="}, {"names", "!="}, {"link", "=="}}) {
    EXPECT_EQ(rpc::RefusalOf(ParseRoomSearch(Asked(field, type, {"long"}), {7}).status()),
              v1::INVALID_DATA)
        << field;
  }
  EXPECT_EQ(rpc::RefusalOf(ParseRoomSearch(Asked("names", "like", {"ab"}), {7}).status()),
            v1::INVALID_DATA);
}

}  // namespace
}  // namespace chat::roster
