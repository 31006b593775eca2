#include "services/messaging/pg_open_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/messaging/pg_session_store.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PgOpenStoreTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    Sql("TRUNCATE delivery.open_message, delivery.open_retained, delivery.open_claim, "
        "delivery.gateway, delivery.stored_will, delivery.session");
    Sql("UPDATE delivery.open_top SET position = 0");
    store_ = std::make_unique<PgOpenStore>(pool(), 3);
  }
  void Publish(const std::string& topic, const std::string& payload, bool retain = false,
               int64_t expires_at_ms = 0) {
    v1::OpenPublishRequest request;
    v1::OpenMessage* message = request.add_messages();
    message->set_topic(topic);
    message->set_payload(payload);
    message->set_qos(1);
    message->set_retain(retain);
    message->set_expires_at_ms(expires_at_ms);
    ASSERT_TRUE(store_->Append(In(), &request).ok());
  }
  std::vector<std::string> Log(int64_t above, int limit = 10) {
    v1::OpenReadRequest request;
    request.set_above(above);
    request.set_limit(limit);
    auto reply = store_->Read(In(), request);
    std::vector<std::string> lines;
    for (const v1::OpenMessage& message : reply->messages()) {
      lines.push_back(std::to_string(message.position()) + " " + message.topic() + " " +
                      message.payload());
    }
    if (reply->more()) lines.push_back("more");
    return lines;
  }
  std::vector<std::string> Retained(const std::string& filter) {
    v1::OpenRetainedRequest request;
    request.set_filter(filter);
    std::vector<std::string> topics;
    for (pages_ = 1;; ++pages_) {
      const auto reply = store_->Retained(In(), request);
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (!reply.ok()) return topics;
      for (const v1::OpenMessage& message : reply->messages()) {
        EXPECT_TRUE(message.retain());
        topics.push_back(message.topic() + "=" + message.payload().substr(0, 10));
      }
      if (!reply->more()) return topics;
      request.set_after(reply->after());
    }
  }
  v1::OpenSessionReply Open(const std::string& gateway, int64_t will_delay_s, bool will = true) {
    PgSessionStore sessions(pool(), 60);
    v1::OpenSessionRequest request;
    request.set_client_id("c");
    request.set_gateway(gateway);
    request.set_expiry_s(1000);
    if (will) {
      request.mutable_will()->set_topic("w");
      request.mutable_will()->set_delay_s(will_delay_s);
    }
    return *sessions.Open(In(), request, 0);
  }

  std::unique_ptr<PgOpenStore> store_;
  int pages_ = 0;  // of the last Retained()
};

TEST_F(PgOpenStoreTest, TheLogHasOneOrderWithoutHoles) {
  Publish("a", "1");
  Publish("b", "2");
  Publish("a", "3");
  EXPECT_THAT(Log(0), ElementsAre("1 a 1", "2 b 2", "3 a 3"));
  EXPECT_THAT(Log(1, 1), ElementsAre("2 b 2", "more"));
  EXPECT_THAT(Log(3), IsEmpty());
  v1::OpenReadRequest request;
  request.add_positions(3);
  request.add_positions(1);
  const auto these = store_->Read(In(), request);
  ASSERT_EQ(these->messages_size(), 2);
  EXPECT_EQ(these->messages(0).payload(), "1");
  EXPECT_EQ(these->top(), 3);
}

TEST_F(PgOpenStoreTest, APageEndsWhenItIsLargeEnough) {
  const std::string large(1'200'000, 'x');
  for (int i = 0; i < 5; ++i) Publish("a", large);
  v1::OpenReadRequest request;
  request.set_limit(100);
  auto page = store_->Read(In(), request);
  ASSERT_EQ(page->messages_size(), 2);
  EXPECT_TRUE(page->more());
  request.set_above(4);
  page = store_->Read(In(), request);
  EXPECT_EQ(page->messages_size(), 1);
  EXPECT_FALSE(page->more());
  v1::OpenReadRequest these;
  for (int64_t position : {1, 3, 5}) these.add_positions(position);
  page = store_->Read(In(), these);
  ASSERT_EQ(page->messages_size(), 2);
  EXPECT_EQ(page->messages(1).position(), 3);
  EXPECT_TRUE(page->more());
}

TEST_F(PgOpenStoreTest, RetainedMessagesComeInPages) {
  const std::string large(200'000, 'x');
  for (int i = 0; i < 5; ++i) Publish("a/" + std::to_string(i), large, true);
  EXPECT_EQ(Retained("a/#").size(), 5u);
  EXPECT_EQ(pages_, 3);
  for (int i = 0; i < 1200; ++i) Publish("m/" + std::to_string(i), "x", true);
  Publish("m/9999/end", "y", true);
  EXPECT_THAT(Retained("m/+/end"), ElementsAre("m/9999/end=y"));
  EXPECT_EQ(pages_, 3);
  EXPECT_EQ(Retained("m/+").size(), 1200u);
}

TEST_F(PgOpenStoreTest, TheLogIsBounded) {
  for (const char* payload : {"1", "2", "3", "4", "5"}) Publish("a", payload);
  ASSERT_TRUE(store_->Prune(In()).ok());
  EXPECT_THAT(Log(0), ElementsAre("3 a 3", "4 a 4", "5 a 5"));
}

TEST_F(PgOpenStoreTest, WhatIsRetainedCanBeReadByItsPositionWhenTheLogHasForgottenIt) {
  Publish("a", "kept", true);
  for (int i = 0; i < 5; ++i) Publish("b", "x");
  ASSERT_TRUE(store_->Prune(In()).ok());
  v1::OpenReadRequest request;
  for (int64_t position : {1, 2, 6}) request.add_positions(position);
  const auto reply = store_->Read(In(), request);
  ASSERT_EQ(reply->messages_size(), 2);
  EXPECT_EQ(reply->messages(0).payload(), "kept");
  EXPECT_TRUE(reply->messages(0).retain());
  EXPECT_EQ(reply->messages(1).position(), 6);
  EXPECT_FALSE(reply->more());
}

TEST_F(PgOpenStoreTest, TheLastRetainedMessageOfATopicStaysUntilAnEmptyOne) {
  Publish("a/b", "1", true);
  Publish("a/b", "2", true);
  Publish("a", "3", true);
  Publish("ab", "4", true);
  Publish("$x/y", "5", true);
  Publish("a/b", "not retained");
  EXPECT_THAT(Retained("a/b"), ElementsAre("a/b=2"));
  EXPECT_THAT(Retained("a/+"), ElementsAre("a/b=2"));
  EXPECT_THAT(Retained("a/#"), ElementsAre("a=3", "a/b=2"));
  EXPECT_THAT(Retained("#"), ElementsAre("a=3", "a/b=2", "ab=4"));
  EXPECT_THAT(Retained("$x/#"), ElementsAre("$x/y=5"));
  Publish("a/b", "", true);
  EXPECT_THAT(Retained("a/#"), ElementsAre("a=3"));
}

TEST_F(PgOpenStoreTest, AnExpiredRetainedMessageIsGone) {
  Publish("a", "1", true, 1);
  EXPECT_THAT(Retained("a"), IsEmpty());
  ASSERT_TRUE(store_->Prune(In()).ok());
  EXPECT_EQ(Sql("SELECT count(*) FROM delivery.open_retained")[0][0].as<int>(), 0);
}

TEST_F(PgOpenStoreTest, OneOfAGroupGetsAMessage) {
  EXPECT_TRUE(*store_->Claim(In(), 7, "g/a"));
  EXPECT_FALSE(*store_->Claim(In(), 7, "g/a"));
  EXPECT_TRUE(*store_->Claim(In(), 7, "h/a"));
  EXPECT_TRUE(*store_->Claim(In(), 8, "g/a"));
}

TEST_F(PgOpenStoreTest, AWillIsTakenOnceWhenItIsDue) {
  const v1::OpenSessionReply session = Open("g1", 0);
  EXPECT_EQ(store_->TakeWills(In(), "g1")->wills_size(), 0) << "its gateway lives";
  PgSessionStore sessions(pool(), 60);
  v1::CloseSessionRequest close;
  close.set_session_id(session.session_id());
  close.set_epoch(session.epoch());
  close.set_will_in_s(0);
  ASSERT_TRUE(sessions.Close(In(), close).ok());
  const auto due = store_->TakeWills(In(), "g2");
  ASSERT_EQ(due->wills_size(), 1);
  EXPECT_EQ(due->wills(0).topic(), "w");
  EXPECT_EQ(store_->TakeWills(In(), "g2")->wills_size(), 0);
}

TEST_F(PgOpenStoreTest, TheWillOfADeadGatewayIsDueAfterItsDelay) {
  Open("g1", 5);
  store_->TakeWills(In(), "g1").status().IgnoreError();
  Sql("UPDATE delivery.gateway SET seen_at = seen_at - interval '12 seconds'");
  EXPECT_EQ(store_->TakeWills(In(), "g2")->wills_size(), 0);
  Sql("UPDATE delivery.gateway SET seen_at = seen_at - interval '5 seconds' WHERE address = 'g1'");
  EXPECT_EQ(store_->TakeWills(In(), "g2")->wills_size(), 1);
}

TEST_F(PgOpenStoreTest, ANewConnectionGetsTheOlderWillAndItsEndDropsTheOwn) {
  EXPECT_FALSE(Open("g1", 60).has_older_will());
  const v1::OpenSessionReply second = Open("g1", 0, false);
  ASSERT_TRUE(second.has_older_will());
  EXPECT_EQ(second.older_will().delay_s(), 60);
  const v1::OpenSessionReply third = Open("g1", 60);
  EXPECT_FALSE(third.has_older_will());
  PgSessionStore sessions(pool(), 60);
  v1::CloseSessionRequest close;
  close.set_session_id(third.session_id());
  close.set_epoch(second.epoch());
  ASSERT_TRUE(sessions.Close(In(), close).ok());
  EXPECT_EQ(Sql("SELECT count(*) FROM delivery.stored_will")[0][0].as<int>(), 1) << "stale epoch";
  close.set_epoch(third.epoch());
  ASSERT_TRUE(sessions.Close(In(), close).ok());
  EXPECT_EQ(Sql("SELECT count(*) FROM delivery.stored_will")[0][0].as<int>(), 0);
}

}  // namespace
}  // namespace chat::messaging
