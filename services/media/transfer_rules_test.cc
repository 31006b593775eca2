#include "services/media/transfer_rules.h"

#include <gtest/gtest.h>

namespace chat::media {
namespace {

constexpr Quota kQuota{.account_bytes = 1000, .object_bytes = 600, .unfinished = 2};

Upload Unfinished(int64_t size, int64_t stored) {
  return {.id = 1, .size = size, .stored = stored, .finished = false};
}
Upload Whole(int64_t size) { return {.id = 1, .size = size, .stored = size, .finished = true}; }

TEST(TransferRulesTest, OpeningFollowsTheTable) {
  struct Row {
    const char* what;
    std::optional<Upload> upload;
    int64_t size;
    Used used;
    OpenVerdict verdict;
  };
  const Row rows[] = {
      {"new", {}, 600, {0, 0}, OpenVerdict::kCreate},
      {"new and empty", {}, 0, {1000, 1}, OpenVerdict::kCreate},
      {"negative", {}, -1, {0, 0}, OpenVerdict::kRefused},
      {"over the object's limit", {}, 601, {0, 0}, OpenVerdict::kRefused},
      {"fills the quota", {}, 600, {400, 1}, OpenVerdict::kCreate},
      {"over the quota", {}, 600, {401, 1}, OpenVerdict::kRefused},
      {"a size that overflows", {}, INT64_MAX, {1000, 1}, OpenVerdict::kRefused},
      {"one upload too many", {}, 1, {0, 2}, OpenVerdict::kRefused},
      {"resumed with the quota full", Unfinished(600, 10), 600, {1000, 2}, OpenVerdict::kResume},
      {"a finished one again", Whole(600), 600, {1000, 2}, OpenVerdict::kResume},
      {"a finished one of another size", Whole(600), 500, {600, 0}, OpenVerdict::kRefused},
      {"smaller, above what is stored", Unfinished(600, 10), 10, {1000, 2}, OpenVerdict::kResize},
      {"smaller than what is stored", Unfinished(600, 11), 10, {1000, 2}, OpenVerdict::kRestart},
      {"larger within the quota", Unfinished(100, 50), 200, {900, 2}, OpenVerdict::kResize},
      {"larger than the quota", Unfinished(100, 50), 201, {900, 2}, OpenVerdict::kRefused},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(JudgeOpen(row.upload, row.size, row.used, kQuota), row.verdict) << row.what;
  }
}

TEST(TransferRulesTest, BlocksFollowTheTable) {
  struct Row {
    const char* what;
    Upload upload;
    int64_t offset, length;
    BlockVerdict verdict;
    int64_t write;
    bool finishes;
  };
  const Row rows[] = {
      {"first", Unfinished(10, 0), 0, 4, BlockVerdict::kWrite, 4, false},
      {"next", Unfinished(10, 4), 4, 5, BlockVerdict::kWrite, 5, false},
      {"last", Unfinished(10, 4), 4, 6, BlockVerdict::kWrite, 6, true},
      {"beyond the size", Unfinished(10, 4), 4, 7, BlockVerdict::kWrite, 6, true},
      {"of an empty file", Unfinished(0, 0), 0, 0, BlockVerdict::kWrite, 0, true},
      {"empty", Unfinished(10, 4), 4, 0, BlockVerdict::kWrite, 0, false},
      {"repeated", Unfinished(10, 8), 4, 4, BlockVerdict::kRepeated, 0, false},
      {"partly stored", Unfinished(10, 8), 4, 5, BlockVerdict::kRefused, 0, false},
      {"a gap", Unfinished(10, 4), 5, 1, BlockVerdict::kRefused, 0, false},
      {"negative offset", Unfinished(10, 4), -1, 1, BlockVerdict::kRefused, 0, false},
      {"negative length", Unfinished(10, 4), 4, -1, BlockVerdict::kRefused, 0, false},
      {"the largest length", Unfinished(10, 8), 4, INT64_MAX, BlockVerdict::kRefused, 0, false},
      {"repeated last", Whole(10), 4, 6, BlockVerdict::kRepeated, 0, false},
      {"repeated beyond the size", Whole(10), 4, 7, BlockVerdict::kRepeated, 0, false},
      {"after the end", Whole(10), 10, 0, BlockVerdict::kRepeated, 0, false},
      {"behind the end", Whole(10), 11, 0, BlockVerdict::kRefused, 0, false},
  };
  for (const Row& row : rows) {
    const BlockDecision decision = JudgeBlock(row.upload, row.offset, row.length);
    EXPECT_EQ(decision.verdict, row.verdict) << row.what;
    EXPECT_EQ(decision.write, row.write) << row.what;
    EXPECT_EQ(decision.finishes, row.finishes) << row.what;
  }
}

TEST(TransferRulesTest, ABlockFitsIntoAPacketWithAllAroundIt) {
  EXPECT_EQ(BlockToOffer(262'144, 1 << 20, 200), 262'144);
  EXPECT_EQ(BlockToOffer(262'144, 65'536, 200), 65'536 - 1536 - 200);
  EXPECT_EQ(BlockToOffer(262'144, 1600, 200), 0);
}

TEST(TransferRulesTest, OnlyTheBaseNameIsKept) {
  const std::pair<std::string, std::string> rows[] = {
      {"photo.jpg", "photo.jpg"},
      {"/etc/passwd", "passwd"},
      {"../../photo.jpg", "photo.jpg"},
      {"C:\\files\\photo.jpg", "photo.jpg"},
      {"..", "file"},
      {"a/..", "file"},
      {"a/", "file"},
      {"", "file"},
      {".", "file"},
      {"...", "file"},
      {".profile", ".profile"},
      {std::string("a\0b\r\nc\x7f", 7), "abc"},
      {"фото.jpg", "фото.jpg"},
      {std::string(300, 'a'), std::string(255, 'a')},
      {std::string(254, 'a') + "ж", std::string(254, 'a')},
  };
  for (const auto& [given, kept] : rows) EXPECT_EQ(BaseName(given), kept) << given;
}

TEST(TransferRulesTest, SecretsAreEqualOnlyByteForByte) {
  EXPECT_TRUE(SameSecret("abc", "abc"));
  EXPECT_FALSE(SameSecret("abc", "abd"));
  EXPECT_FALSE(SameSecret("abc", "abcd"));
  EXPECT_FALSE(SameSecret("", "a"));
}

}  // namespace
}  // namespace chat::media
