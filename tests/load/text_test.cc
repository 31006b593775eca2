#include "tests/load/text.h"

#include <gtest/gtest.h>

namespace chat::load {
namespace {

TEST(TextTest, SaysWhichMessageItIsAndHasItsSize) {
  const std::string text = TextOf("r1", {{3, 44}, 2}, 100);
  EXPECT_EQ(text.size(), 100u);
  const auto mark = ReadText("r1", text);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->send.feed, 3u);
  EXPECT_EQ(mark->send.number, 44u);
  EXPECT_EQ(mark->version, 2u);
}

TEST(TextTest, IsLongerThanAskedForRatherThanCut) {
  EXPECT_TRUE(ReadText("r1", TextOf("r1", {{3, 44}, 2}, 1)));
}

TEST(TextTest, OfAnotherRunOrOfSomebodyElseIsNone) {
  const std::string text = TextOf("r12", {{3, 44}, 2}, 10);
  EXPECT_FALSE(ReadText("r1", text));
  for (const char* other : {"", "r12", "r12:", "r12:1:2", "r12:1:2:3", "r12:x:2:3:", "hello"}) {
    EXPECT_FALSE(ReadText("r12", other)) << other;
  }
}

TEST(TextTest, RunsAreDifferent) { EXPECT_NE(NewRun(), NewRun()); }

}  // namespace
}  // namespace chat::load
