#include "services/gateway/open/open_filters.h"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

TEST(OpenFiltersTest, LaterEntriesCloseWhatEarlierOnesOpened) {
  const auto filters = OpenFilters::Parse({"#", "!secret/#", "secret/door"}, false);
  ASSERT_TRUE(filters.ok());
  for (const char* topic : {"a", "weather/kyiv", "secret/door", "devices/1"}) {
    EXPECT_TRUE(filters->OpensTopic(topic)) << topic;
  }
  for (const char* topic : {"secret", "secret/x", "events/x", "ses/1", "room/r", "muc/1",
                            "version/8", "actions/1/api/c", "$SYS/x", "$other"}) {
    EXPECT_FALSE(filters->OpensTopic(topic)) << topic;
  }
}

TEST(OpenFiltersTest, AWideFilterIsOpenThoughSomeOfItsTopicsAreClosed) {
  const auto filters = OpenFilters::Parse({"#", "!secret/#", "secret/door"}, false);
  ASSERT_TRUE(filters.ok());
  for (const char* filter : {"#", "+/door", "weather/#", "secret/door"}) {
    EXPECT_TRUE(filters->OpensFilter(filter)) << filter;
  }
  for (const char* filter : {"secret/#", "secret/+", "secret/x", "$SYS/#"}) {
    EXPECT_FALSE(filters->OpensFilter(filter)) << filter;
  }
  const auto narrow = OpenFilters::Parse({"weather/#"}, false);
  ASSERT_TRUE(narrow.ok());
  EXPECT_FALSE(narrow->OpensFilter("#")) << "not within an open one";
}

TEST(OpenFiltersTest, NamesOfOtherRevisionsAreChatsOwnWhereTheyAreServed) {
  const auto without = OpenFilters::Parse({"#"}, false);
  const auto with = OpenFilters::Parse({"#"}, true);
  ASSERT_TRUE(without.ok() && with.ok());
  EXPECT_TRUE(without->OpensTopic("devices/1"));
  EXPECT_FALSE(with->OpensTopic("devices/1"));
}

TEST(OpenFiltersTest, NothingIsOpenByDefaultAndBadEntriesAreNamed) {
  EXPECT_FALSE(OpenFilters().OpensTopic("a"));
  EXPECT_FALSE(OpenFilters::Parse({"a/#/b"}, false).ok());
}

}  // namespace
}  // namespace chat::gateway
