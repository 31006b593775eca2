#include "services/messaging/batcher.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "libs/rpc/refusal.h"

namespace chat::messaging {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Kind = SendOutcome::Kind;

class FakeSink : public AnnouncementSink {
 public:
  void Publish(Announcement announcement) override {
    std::lock_guard lock(mutex);
    for (const Announced& a : announcement.events) {
      published.push_back(a.event.record().message().msg_id());
    }
  }
  std::vector<int64_t> TakePublished() override {
    std::lock_guard lock(mutex);
    return std::exchange(rows, {});
  }
  void GiveBack(const std::vector<int64_t>& back) override {
    std::lock_guard lock(mutex);
    rows.insert(rows.end(), back.begin(), back.end());
  }
  std::mutex mutex;
  std::vector<std::string> published;
  std::vector<int64_t> rows;
};

// Records each batch as its msg_ids; stands still while closed.
class FakeStore : public SendStore {
 public:
  absl::StatusOr<SendOutcomes> Append(pg::Deadline, std::span<const Send* const> sends,
                                      const std::vector<int64_t>&) override {
    std::unique_lock lock(mutex);
    std::vector<std::string> batch;
    for (const Send* send : sends) batch.push_back(send->msg_id);
    batches.push_back(batch);
    arrived.notify_all();
    open.wait(lock, [this] { return !closed; });
    if (!failure.ok()) return failure;
    if (auto own = failures.find(sends[0]->msg_id); own != failures.end()) return own->second;
    SendOutcomes outcomes;
    outcomes.announcement = 1;
    for (const Send* send : sends) {
      if (send->msg_id == "poison") return absl::InternalError("poison");
      SendOutcome outcome;
      outcome.kind = Kind::kStored;
      if (auto script = scripts.find(send->msg_id); script != scripts.end()) {
        outcome.kind = script->second;
        scripts.erase(script);
      }
      outcome.row.id = ++last_id;
      outcome.row.body = send->body;
      outcomes.each.push_back(outcome);
    }
    return outcomes;
  }
  absl::StatusOr<SendOutcomes> Change(pg::Deadline deadline, const Send& send,
                                      const std::vector<int64_t>& published) override {
    EXPECT_TRUE(send.change.has_value());
    const Send* sends[] = {&send};
    return Append(deadline, sends, published);
  }
  absl::Status NoteObjects(pg::Deadline, const std::vector<ObjectUse>& uses) override {
    std::lock_guard lock(mutex);
    noted += uses.size();
    return note_failure;
  }
  void Close() {
    std::lock_guard lock(mutex);
    closed = true;
  }
  void Open() {
    {
      std::lock_guard lock(mutex);
      closed = false;
    }
    open.notify_all();
  }
  void AwaitBatches(size_t count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(
        arrived.wait_for(lock, std::chrono::seconds(10), [&] { return batches.size() >= count; }));
  }

  std::mutex mutex;
  std::condition_variable open, arrived;
  bool closed = false;
  absl::Status failure, note_failure;
  std::map<std::string, absl::Status> failures;  // of batches that begin with this msg_id
  size_t noted = 0;
  int64_t last_id = 0;
  std::map<std::string, Kind> scripts;  // what a send meets at its first attempt
  std::vector<std::vector<std::string>> batches;
};

class BatcherTest : public ::testing::Test {
 protected:
  void Start(Batcher::Options options) {
    batcher_ = std::make_unique<Batcher>(options, store_, sink_);
  }

  static Send Of(const std::string& feed, const std::string& msg_id) {
    Send send;
    send.author.value = 1;
    send.feed = feed;
    send.msg_id = msg_id;
    v1::Message body;
    body.set_msg_id(msg_id);
    send.body = body.SerializeAsString();
    return send;
  }

  void Submit(const std::string& feed, const std::string& msg_id,
              milliseconds wait = std::chrono::seconds(30)) {
    batcher_->Submit(Of(feed, msg_id), steady_clock::now() + wait,
                     [this, msg_id](absl::StatusOr<SendResult> result) {
                       std::lock_guard lock(mutex_);
                       answers_.emplace_back(msg_id, std::move(result));
                       answered_.notify_all();
                     });
  }

  std::vector<std::pair<std::string, absl::StatusOr<SendResult>>> Await(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(answered_.wait_for(lock, std::chrono::seconds(10),
                                   [&] { return answers_.size() >= count; }));
    return answers_;
  }

  absl::StatusOr<SendResult> AnswerTo(const std::string& msg_id) {
    std::lock_guard lock(mutex_);
    for (auto& [id, answer] : answers_) {
      if (id == msg_id) return answer;
    }
    return absl::NotFoundError("not answered");
  }

  FakeStore store_;
  FakeSink sink_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<std::pair<std::string, absl::StatusOr<SendResult>>> answers_;
  std::unique_ptr<Batcher> batcher_;  // last: its threads use the others
};

TEST_F(BatcherTest, WhatGathersDuringACommitIsOneBatchInOrderOfArrival) {
  Start({.workers = 1});
  store_.Close();
  Submit("f1", "first");
  store_.AwaitBatches(1);
  Submit("f2", "a");
  Submit("f1", "b");
  Submit("f2", "c");
  store_.Open();
  Await(4);
  ASSERT_EQ(store_.batches.size(), 2u);
  EXPECT_EQ(store_.batches[0], std::vector<std::string>({"first"}));
  EXPECT_EQ(store_.batches[1], std::vector<std::string>({"a", "b", "c"}));
}

TEST_F(BatcherTest, ABatchHasABoundOfSendsAndOfBytes) {
  Start({.workers = 1, .batch_max = 2, .batch_bytes = 7});
  store_.Close();
  Submit("f", "first");
  store_.AwaitBatches(1);
  for (const char* id : {"a", "b", "c"}) Submit("f", id);
  Submit("f", "longer than the batch");
  Submit("f", "d");
  store_.Open();
  Await(6);
  ASSERT_EQ(store_.batches.size(), 5u);
  EXPECT_EQ(store_.batches[1], std::vector<std::string>({"a", "b"}));
  EXPECT_EQ(store_.batches[2], std::vector<std::string>({"c"}));
  EXPECT_EQ(store_.batches[3], std::vector<std::string>({"longer than the batch"}));
}

TEST_F(BatcherTest, AChangeIsABatchByItselfInItsPlace) {
  Start({.workers = 1});
  store_.Close();
  Submit("f", "first");
  store_.AwaitBatches(1);
  Submit("f", "a");
  Send change = Of("f", "");
  change.change.emplace().body = change.body;
  std::promise<absl::Status> changed;
  batcher_->Submit(std::move(change), steady_clock::now() + std::chrono::seconds(30),
                   [&](const auto& result) { changed.set_value(result.status()); });
  Submit("f", "b");
  Submit("g", "c");
  store_.Open();
  Await(4);
  EXPECT_TRUE(changed.get_future().get().ok());
  ASSERT_EQ(store_.batches.size(), 4u);
  EXPECT_EQ(store_.batches[1], std::vector<std::string>({"a"}));
  EXPECT_EQ(store_.batches[2], std::vector<std::string>({""}));
  EXPECT_EQ(store_.batches[3], std::vector<std::string>({"b", "c"}));
}

TEST_F(BatcherTest, AFeedIsWithOneWorkerAtATimeAndOthersGoOn) {
  Start({.workers = 2});
  store_.Close();
  Submit("f1", "a");
  store_.AwaitBatches(1);
  Submit("f1", "b");
  Submit("f2", "x");
  store_.AwaitBatches(2);
  EXPECT_EQ(store_.batches[1], std::vector<std::string>({"x"}));
  store_.Open();
  Await(3);
  EXPECT_EQ(store_.batches[2], std::vector<std::string>({"b"}));
}

TEST_F(BatcherTest, WhileABatchIsUnderWayWhatWaitsGathersUntilItIsMoreThanABatch) {
  Start({.workers = 2, .batch_max = 3, .help_after = std::chrono::minutes(1)});
  store_.Close();
  Submit("f0", "first");
  store_.AwaitBatches(1);
  for (const char* id : {"a", "b", "c", "d"}) Submit(id, id);
  store_.AwaitBatches(2);
  EXPECT_EQ(store_.batches[1], std::vector<std::string>({"a", "b", "c"}));
  store_.Open();
  Await(5);
  EXPECT_EQ(store_.batches[2], std::vector<std::string>({"d"}));
}

TEST_F(BatcherTest, ALockedFeedIsTriedAgainWithoutBeingOvertaken) {
  Start({.workers = 2});
  store_.Close();
  Submit("f0", "first");
  store_.AwaitBatches(1);
  Submit("f1", "other");
  store_.AwaitBatches(2);
  store_.scripts = {{"a", Kind::kRetry}, {"b", Kind::kRetry}};
  Submit("f", "a");
  Submit("f", "b");
  Submit("g", "x");
  store_.Open();
  Await(5);
  Submit("f", "c");
  Await(6);
  std::vector<std::string> of_f;
  for (const auto& [id, answer] : answers_) {
    EXPECT_TRUE(answer.ok()) << id;
    if (id == "a" || id == "b" || id == "c") of_f.push_back(id);
  }
  EXPECT_EQ(of_f, std::vector<std::string>({"a", "b", "c"}));
}

TEST_F(BatcherTest, TheSameMessageTwiceIsNeverInFlightTwice) {
  Start({.workers = 2});
  store_.Close();
  Submit("f", "same");
  store_.AwaitBatches(1);
  Submit("g", "same");  // another feed, the same author and msg_id
  Submit("g", "behind it");
  Submit("h", "free");
  store_.AwaitBatches(2);
  EXPECT_EQ(store_.batches[1], std::vector<std::string>({"free"}));
  store_.scripts = {};
  store_.Open();
  Await(4);
  for (const auto& batch : store_.batches) {
    EXPECT_LE(std::count(batch.begin(), batch.end(), "same"), 1);
  }
}

TEST_F(BatcherTest, RepeatsAreAnsweredWithTheMessageAndAnnouncedAgain) {
  Start({});
  store_.scripts = {{"a", Kind::kRepeat}, {"b", Kind::kDenied}};
  Submit("f", "a");
  Submit("g", "b");
  Await(2);
  ASSERT_TRUE(AnswerTo("a").ok());
  EXPECT_TRUE(AnswerTo("a")->repeat);
  EXPECT_EQ(AnswerTo("a")->message.msg_id(), "a");
  EXPECT_EQ(rpc::RefusalOf(AnswerTo("b").status()), v1::PERMISSION_DENIED);
  batcher_.reset();
  EXPECT_EQ(sink_.published, std::vector<std::string>({"a"}));
}

TEST_F(BatcherTest, APoisonedSendDoesNotFailItsNeighbours) {
  Start({.workers = 1});
  store_.Close();
  Submit("f", "first");
  store_.AwaitBatches(1);
  Submit("f", "a");
  Submit("g", "poison");
  Submit("f", "b");
  store_.Open();
  Await(4);
  EXPECT_TRUE(AnswerTo("a").ok());
  EXPECT_TRUE(AnswerTo("b").ok());
  EXPECT_EQ(AnswerTo("poison").status().code(), absl::StatusCode::kInternal);
}

TEST_F(BatcherTest, AStoreThatIsAwayFailsTheBatchAndKeepsTheAnnouncementRows) {
  Start({.workers = 1});
  sink_.rows = {7};
  store_.failure = absl::UnavailableError("away");
  Submit("f", "a");
  Await(1);
  EXPECT_TRUE(absl::IsUnavailable(AnswerTo("a").status()));
  {
    std::lock_guard lock(store_.mutex);
    store_.failure = absl::OkStatus();
  }
  EXPECT_EQ(sink_.rows, std::vector<int64_t>({7}));
  Submit("f", "b");
  Await(2);
  EXPECT_TRUE(AnswerTo("b").ok());
}

TEST_F(BatcherTest, AfterAFailureNothingOfTheSessionOvertakesUntilItsNextEpoch) {
  Start({.workers = 1, .batch_max = 1});
  const auto submit = [&](const std::string& msg_id, int64_t session, int64_t epoch) {
    Send send = Of("f", msg_id);
    send.session = session;
    send.epoch = epoch;
    batcher_->Submit(std::move(send), steady_clock::now() + std::chrono::seconds(30),
                     [this, msg_id](absl::StatusOr<SendResult> result) {
                       std::lock_guard lock(mutex_);
                       answers_.emplace_back(msg_id, std::move(result));
                       answered_.notify_all();
                     });
  };
  store_.Close();
  store_.failures["a"] = absl::UnavailableError("away");
  submit("a", 1, 1);
  store_.AwaitBatches(1);
  submit("b", 1, 1);  // waits behind the one that will fail
  submit("other's", 2, 1);
  store_.Open();
  Await(3);
  submit("c", 1, 1);  // was under way when the failure was answered
  submit("a again", 1, 2);
  Await(5);
  EXPECT_TRUE(absl::IsUnavailable(AnswerTo("a").status()));
  EXPECT_TRUE(absl::IsUnavailable(AnswerTo("b").status()));
  EXPECT_TRUE(absl::IsUnavailable(AnswerTo("c").status()));
  EXPECT_TRUE(AnswerTo("other's").ok());
  EXPECT_TRUE(AnswerTo("a again").ok());
}

TEST_F(BatcherTest, AStoreThatHangsDoesNotHoldAnswersPastTheirDeadlines) {
  Start({.workers = 1});
  store_.Close();
  Submit("f", "in flight", milliseconds(100));
  store_.AwaitBatches(1);
  Submit("f", "queued", milliseconds(100));
  Await(2);
  EXPECT_TRUE(absl::IsDeadlineExceeded(AnswerTo("in flight").status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(AnswerTo("queued").status()));
  store_.Open();
  Submit("f", "later");
  Await(3);
  EXPECT_TRUE(AnswerTo("later").ok());
  EXPECT_EQ(store_.batches.size(), 2u);  // what expired in the queue was never tried
}

TEST_F(BatcherTest, AFullQueueRefuses) {
  Start({.workers = 1, .queue_max = 1});
  store_.Close();
  Submit("f", "a");
  store_.AwaitBatches(1);
  Submit("f", "b");
  Submit("f", "c");
  EXPECT_EQ(rpc::RefusalOf(AnswerTo("c").status()), v1::TOO_MANY);
  store_.Open();
  Await(3);
  EXPECT_TRUE(AnswerTo("b").ok());
}

TEST_F(BatcherTest, TheEndAnswersWhatStillWaits) {
  Start({.workers = 1});
  store_.Close();
  Submit("f", "a");
  store_.AwaitBatches(1);
  Submit("f", "b");
  std::thread end([this] { batcher_.reset(); });
  store_.Open();
  end.join();
  EXPECT_TRUE(AnswerTo("a").ok());
  EXPECT_TRUE(AnswerTo("b").ok() || absl::IsUnavailable(AnswerTo("b").status()));
}

}  // namespace
}  // namespace chat::messaging
