#include "libs/pg/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "libs/pg/test_database.h"

namespace chat::pg {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr std::chrono::milliseconds kNever = 1h;

// Takes what is delivered; can be told to fail.
class Receiver {
 public:
  Outbox::Deliver Function() {
    return [this](Deadline, const std::vector<OutboxRow>& rows) {
      std::lock_guard lock(mutex_);
      changed_.notify_all();
      if (away_) {
        ++refused_;
        return absl::UnavailableError("away");
      }
      for (const OutboxRow& row : rows) payloads_.push_back(row.payload);
      return absl::OkStatus();
    };
  }
  void SetAway(bool away) {
    std::lock_guard lock(mutex_);
    away_ = away;
  }
  std::vector<std::string> payloads() {
    std::lock_guard lock(mutex_);
    return payloads_;
  }
  bool AwaitCount(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return payloads_.size() >= count; });
  }
  bool AwaitRefusal() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return refused_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool away_ = false;
  int refused_ = 0;
  std::vector<std::string> payloads_;
};

class OutboxTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    Sql("CREATE TABLE " + schema() +
        ".outbox (id bigserial PRIMARY KEY, key text NOT NULL, payload bytea NOT NULL)");
    pool_ = std::make_unique<Pool>(url(), 8);
  }
  void TearDown() override {
    pool_.reset();
    DatabaseTest::TearDown();
  }
  absl::Status Add(Outbox& outbox, const std::string& key, const std::string& payload) {
    return pool_->Run(In(5s), [&](Tx& tx) {
      outbox.Add(tx, key, payload);
      return absl::OkStatus();
    });
  }
  size_t Rows() { return Sql("SELECT 1 FROM " + schema() + ".outbox").size(); }

  std::unique_ptr<Pool> pool_;
  Receiver receiver_;
};

TEST_F(OutboxTest, ADrainDeliversTheRowsOfItsKeyInOrder) {
  Outbox outbox(*pool_, schema(), receiver_.Function(), kNever);
  std::string bytes("\0\xff", 2);
  ASSERT_TRUE(Add(outbox, "a", "1").ok());
  ASSERT_TRUE(Add(outbox, "b", "other").ok());
  ASSERT_TRUE(Add(outbox, "a", bytes).ok());
  ASSERT_TRUE(outbox.Drain(In(5s), "a").ok());
  EXPECT_THAT(receiver_.payloads(), ElementsAre("1", bytes));
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(OutboxTest, ManyRowsAreAddedAtOnceInTheirOrderWhateverTheirBytes) {
  Outbox outbox(*pool_, schema(), receiver_.Function(), kNever);
  const std::string odd("\"\\,{}\0\xff", 7);
  ASSERT_EQ(pool_->Run(In(5s),
                       [&](Tx& tx) {
                         outbox.AddAll(tx, "a", {});
                         outbox.AddAll(tx, "a", {"1", odd, "", "4"});
                         outbox.Add(tx, "a", "5");
                         return absl::OkStatus();
                       }),
            absl::OkStatus());
  EXPECT_EQ(outbox.Drain(In(5s), "a"), absl::OkStatus());
  EXPECT_THAT(receiver_.payloads(), ElementsAre("1", odd, "", "4", "5"));
}

TEST_F(OutboxTest, MoreThanOneRoundIsDrained) {
  Outbox outbox(*pool_, schema(), receiver_.Function(), kNever);
  for (int i = 0; i < 205; ++i) ASSERT_TRUE(Add(outbox, "a", std::to_string(i)).ok());
  ASSERT_TRUE(outbox.Drain(In(5s), "a").ok());
  ASSERT_THAT(receiver_.payloads(), SizeIs(205));
  EXPECT_EQ(receiver_.payloads()[204], "204");
  EXPECT_EQ(Rows(), 0u);
}

TEST_F(OutboxTest, ManyKeysAreDrainedAtOnce) {
  Outbox outbox(*pool_, schema(), receiver_.Function(), kNever);
  std::vector<std::string> keys = {"a key of nothing"};
  for (int i = 0; i < 250; ++i) {
    keys.push_back("key \"" + std::to_string(i) + "\"");
    ASSERT_TRUE(Add(outbox, keys.back(), "1").ok());
    ASSERT_TRUE(Add(outbox, keys.back(), "2").ok());
  }
  ASSERT_TRUE(Add(outbox, "other", "other").ok());
  ASSERT_TRUE(outbox.Drain(In(5s), keys).ok());
  ASSERT_THAT(receiver_.payloads(), SizeIs(500));
  EXPECT_EQ(Rows(), 1u);
  ASSERT_TRUE(outbox.Drain(In(5s), std::vector<std::string>()).ok());
  ASSERT_TRUE(Add(outbox, keys[1], "3").ok());
  receiver_.SetAway(true);
  EXPECT_TRUE(absl::IsUnavailable(outbox.Drain(In(5s), keys)));
  EXPECT_EQ(Rows(), 2u);
}

TEST_F(OutboxTest, WhatIsRolledBackIsNeverDelivered) {
  Outbox outbox(*pool_, schema(), receiver_.Function(), kNever);
  EXPECT_FALSE(pool_
                   ->Run(In(5s),
                         [&](Tx& tx) {
                           outbox.Add(tx, "a", "1");
                           return absl::AbortedError("no");
                         })
                   .ok());
  ASSERT_TRUE(outbox.Drain(In(5s), "a").ok());
  EXPECT_THAT(receiver_.payloads(), SizeIs(0));
}

TEST_F(OutboxTest, AFailedDeliveryIsReturnedAndLeftToTheSweeper) {
  receiver_.SetAway(true);
  Outbox outbox(*pool_, schema(), receiver_.Function(), 20ms);
  ASSERT_TRUE(Add(outbox, "a", "1").ok());
  absl::Status status = outbox.Drain(In(5s), "a");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Rows(), 1u);
  receiver_.SetAway(false);
  EXPECT_TRUE(receiver_.AwaitCount(1));
}

TEST_F(OutboxTest, TheSweeperDeliversWhatACrashLeftBehind) {
  {
    Outbox crashed(*pool_, schema(), receiver_.Function(), kNever);
    ASSERT_TRUE(Add(crashed, "a", "1").ok());
    ASSERT_TRUE(Add(crashed, "b", "2").ok());
  }
  Outbox outbox(*pool_, schema(), receiver_.Function(), 20ms);
  EXPECT_TRUE(receiver_.AwaitCount(2));
}

TEST_F(OutboxTest, AKeyThatIsRefusedDoesNotHoldUpTheOthers) {
  auto refuse_a = [&, take = receiver_.Function()](Deadline d, const std::vector<OutboxRow>& rows) {
    return rows[0].payload == "a" ? absl::InternalError("poison") : take(d, rows);
  };
  Outbox outbox(*pool_, schema(), refuse_a, 20ms);
  ASSERT_TRUE(Add(outbox, "a", "a").ok());
  ASSERT_TRUE(Add(outbox, "b", "b").ok());
  EXPECT_TRUE(receiver_.AwaitCount(1));
  EXPECT_THAT(receiver_.payloads(), ElementsAre("b"));
}

TEST_F(OutboxTest, ManyWritersDrainersAndSweepersKeepTheOrderOfEachKey) {
  // Writers of one key take turns, as they do under the row lock of what the rows are about.
  Outbox first(*pool_, schema(), receiver_.Function(), 5ms);
  Outbox second(*pool_, schema(), receiver_.Function(), 5ms);
  std::vector<std::thread> writers;
  constexpr int kEach = 40;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      std::string key = "k" + std::to_string(w);
      Outbox& outbox = w % 2 == 0 ? first : second;
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(Add(outbox, key, key + " " + std::to_string(i)).ok());
        EXPECT_TRUE(outbox.Drain(In(5s), key).ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(receiver_.AwaitCount(4 * kEach));
  std::map<std::string, int> next;
  for (const std::string& payload : receiver_.payloads()) {
    std::string key = payload.substr(0, 2);
    EXPECT_EQ(std::stoi(payload.substr(3)), next[key]++) << payload;
  }
  EXPECT_EQ(Rows(), 0u);
}

TEST_F(OutboxTest, ItEndsPromptlyWhileTheReceiverIsAway) {
  receiver_.SetAway(true);
  auto outbox = std::make_unique<Outbox>(*pool_, schema(), receiver_.Function(), 10ms);
  ASSERT_TRUE(Add(*outbox, "a", "1").ok());
  ASSERT_TRUE(receiver_.AwaitRefusal());
  auto begin = std::chrono::steady_clock::now();
  outbox.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

}  // namespace
}  // namespace chat::pg
