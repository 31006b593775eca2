#include "services/messaging/feed_topic.h"

#include <gtest/gtest.h>

namespace chat::messaging {
namespace {

using Kind = FeedTopic::Kind;

TEST(FeedTopicTest, EachFamilyIsKnownByItsName) {
  const FeedTopic p2p = FeedTopic::Parse("p2p/380670001234_12525/380670002234_12334");
  EXPECT_EQ(p2p.kind, Kind::kP2p);
  EXPECT_EQ(p2p.one, "380670001234_12525");
  EXPECT_EQ(p2p.other, "380670002234_12334");
  EXPECT_EQ(FeedTopic::Parse("p2p/380670001234_1/380670001234_1").kind, Kind::kP2p);
  EXPECT_EQ(FeedTopic::Parse("room/team").kind, Kind::kRoom);
  EXPECT_EQ(FeedTopic::Parse("room/team").one, "team");
  EXPECT_EQ(FeedTopic::Parse("ses/380670001234").kind, Kind::kSes);
  EXPECT_EQ(FeedTopic::Parse("ac/380670001234_12525").kind, Kind::kAc);
  EXPECT_EQ(FeedTopic::Parse("muc/380670001234_12525").kind, Kind::kMuc);
}

TEST(FeedTopicTest, AnythingElseIsNoFeed) {
  for (const char* topic :
       {"", "p2p", "p2p/", "p2p/380670001234_1", "p2p/380670002234_1/380670001234_2",
        "p2p/380670001234_1/380670002234_2/x", "room/", "room/a/b", "room/380670001234_1",
        "ses/+380670001234", "ses/x", "ac/380670001234", "muc/team", "other/x", "/"}) {
    EXPECT_EQ(FeedTopic::Parse(topic).kind, Kind::kNone) << topic;
  }
}

}  // namespace
}  // namespace chat::messaging
