#include "services/media/byte_range.h"

#include <gtest/gtest.h>

namespace chat::media {
namespace {

TEST(ByteRangeTest, RangesFollowTheTable) {
  using enum ByteRange::Kind;
  struct Row {
    const char* header;
    int64_t size;
    ByteRange::Kind kind;
    int64_t first, length;
  };
  const Row rows[] = {
      {"", 10, kWhole, 0, 10},
      {"bytes=0-0", 10, kPart, 0, 1},
      {"bytes=2-5", 10, kPart, 2, 4},
      {"BYTES= 2-5 ", 10, kPart, 2, 4},
      {"bytes=5-", 10, kPart, 5, 5},
      {"bytes=5-99", 10, kPart, 5, 5},
      {"bytes=5-99999999999999999999", 10, kPart, 5, 5},
      {"bytes=-3", 10, kPart, 7, 3},
      {"bytes=-30", 10, kPart, 0, 10},
      {"bytes=10-", 10, kUnsatisfiable, 0, 0},
      {"bytes=99999999999999999999-", 10, kUnsatisfiable, 0, 0},
      {"bytes=-0", 10, kUnsatisfiable, 0, 0},
      {"bytes=0-", 0, kUnsatisfiable, 0, 0},
      {"bytes=-5", 0, kUnsatisfiable, 0, 0},
      {"bytes=5-2", 10, kWhole, 0, 10},
      {"bytes=0-1,3-4", 10, kWhole, 0, 10},
      {"bytes=-", 10, kWhole, 0, 10},
      {"bytes=a-b", 10, kWhole, 0, 10},
      {"bytes=1", 10, kWhole, 0, 10},
      {"lines=0-1", 10, kWhole, 0, 10},
  };
  for (const Row& row : rows) {
    const ByteRange range = ParseRange(row.header, row.size);
    EXPECT_EQ(range.kind, row.kind) << row.header;
    EXPECT_EQ(range.first, row.first) << row.header;
    EXPECT_EQ(range.length, row.length) << row.header;
  }
}

}  // namespace
}  // namespace chat::media
