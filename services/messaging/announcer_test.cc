#include "services/messaging/announcer.h"

#include <gtest/gtest.h>

namespace chat::messaging {
namespace {

class FakeStore : public AnnouncementStore {
 public:
  absl::Status DeletePublished(pg::Deadline, const std::vector<int64_t>& ids) override {
    if (away) return absl::UnavailableError("away");
    deleted.insert(deleted.end(), ids.begin(), ids.end());
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Announcement>> ClaimOverdue(pg::Deadline, int) override {
    return std::exchange(overdue, {});
  }
  absl::StatusOr<HorizonMark> Mark(pg::Deadline, int64_t) override { return HorizonMark(); }
  absl::StatusOr<HorizonView> View(pg::Deadline) override { return HorizonView(); }

  bool away = false;
  std::vector<int64_t> deleted;
  std::vector<Announcement> overdue;
};

class AnnouncerTest : public ::testing::Test {
 protected:
  static Announcement Of(int64_t id, std::vector<AccountId> to) {
    Announcement announcement;
    announcement.id = id;
    announcement.events.push_back({{}, std::move(to), {}});
    announcement.events[0].event.set_position(100 + id);
    return announcement;
  }

  FakeStore store_;
  bool redis_ = true;
  std::vector<redis::Publication> published_;
  Announcer announcer_{
      store_, [this](std::vector<redis::Publication> batch, std::function<void(bool)> done) {
        if (redis_) {
          published_.insert(published_.end(), batch.begin(), batch.end());
        }
        done(redis_);
      }};
};

TEST_F(AnnouncerTest, AnEventGoesToEachReadersChannelAndTheRowIsDeletedAfterwards) {
  announcer_.Publish(Of(1, {{11}, {12}}));
  ASSERT_EQ(published_.size(), 2u);
  EXPECT_EQ(published_[0].channel, "a:11");
  EXPECT_EQ(published_[1].channel, "a:12");
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(published_[0].payload));
  EXPECT_EQ(event.position(), 101);
  announcer_.Tick();
  EXPECT_EQ(store_.deleted, std::vector<int64_t>({1}));
}

TEST_F(AnnouncerTest, WithRedisAwayTheRowStaysUntilAReannouncementIsTaken) {
  redis_ = false;
  announcer_.Publish(Of(1, {{11}}));
  announcer_.Tick();
  EXPECT_TRUE(store_.deleted.empty());

  redis_ = true;
  store_.overdue.push_back(Of(1, {{11}}));
  announcer_.Tick();
  EXPECT_EQ(published_.size(), 1u);
  announcer_.Tick();
  EXPECT_EQ(store_.deleted, std::vector<int64_t>({1}));
}

TEST_F(AnnouncerTest, RowsThatCouldNotBeDeletedAreTriedAgain) {
  announcer_.Publish(Of(1, {{11}}));
  store_.away = true;
  announcer_.Tick();
  store_.away = false;
  announcer_.Tick();
  EXPECT_EQ(store_.deleted, std::vector<int64_t>({1}));
}

TEST_F(AnnouncerTest, ARepeatHasNoRow) {
  announcer_.Publish(Of(0, {{11}}));
  EXPECT_EQ(published_.size(), 1u);
  EXPECT_TRUE(announcer_.TakePublished().empty());
}

TEST_F(AnnouncerTest, AnAnnouncementWhoseEventsCannotBeRenderedIsDone) {
  Announcement empty;
  empty.id = 4;
  announcer_.Publish(empty);
  EXPECT_EQ(announcer_.TakePublished(), std::vector<int64_t>({4}));
}

}  // namespace
}  // namespace chat::messaging
