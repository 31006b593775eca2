#include "services/gateway/session/event_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ReadyEvent Event(int64_t position) {
  ReadyEvent event;
  event.feed = 1;
  event.position = position;
  return event;
}

class EventFlowTest : public testing::Test, public EventFlow::Host {
 protected:
  mqtt::Qos QosOf(const ReadyEvent& event) override { return event.qos; }
  mqtt::Delivery SendEvent(const ReadyEvent& event, mqtt::Qos) override {
    if (full_) return mqtt::Delivery::kFull;
    sent_.push_back(event.position);
    if (event.message != nullptr) said_.emplace_back(event.message->payload());
    return mqtt::Delivery::kSent;
  }
  void AskPage(int64_t above, const std::vector<int64_t>& had) override {
    asked_.push_back(above);
    had_ = had;
  }

  void GoLive(CursorTracker cursor) {
    flow_.Start(std::move(cursor));
    flow_.Resync();
    flow_.OnPage({});
    asked_.clear();
  }

  std::vector<int64_t> sent_;
  std::vector<std::string> said_;
  std::vector<int64_t> asked_;
  std::vector<int64_t> had_;
  bool full_ = false;
  EventFlow flow_{*this};
};

TEST_F(EventFlowTest, LiveEventsPassOnce) {
  GoLive(CursorTracker(10, {}));
  flow_.OnLive(Event(11));
  flow_.OnLive(Event(11));
  flow_.OnLive(Event(9));
  flow_.OnLive(Event(12));
  EXPECT_THAT(sent_, ElementsAre(11, 12));
}

TEST_F(EventFlowTest, AnEditGoesToThoseWhoHaveTheMessageAndTheMessageToTheOthers) {
  auto edit = [](int64_t first, int64_t position) {
    ReadyEvent event = Event(position);
    event.first = first;
    event.message = mqtt::Message::Create("t", "edit");
    event.unseen = mqtt::Message::Create("t", "whole");
    return event;
  };
  flow_.Start(CursorTracker(10, {13}));
  flow_.Resync();
  flow_.OnPage({{Event(12), edit(9, 14), edit(13, 15), edit(12, 16), edit(11, 17), edit(17, 18)}});
  flow_.OnLive(edit(11, 19));  // came whole at 17
  EXPECT_THAT(said_, ElementsAre("edit", "edit", "edit", "whole", "edit", "edit"));
}

TEST_F(EventFlowTest, AMessageThatCameWholeByItsEditIsThereWhenThatIsAcknowledged) {
  ReadyEvent edit = Event(20);
  edit.first = 12;
  edit.message = mqtt::Message::Create("t", "edit");
  edit.unseen = mqtt::Message::Create("t", "whole");
  edit.qos = mqtt::Qos::kExactlyOnce;
  GoLive(CursorTracker(10, {}));
  flow_.OnLive(edit);
  flow_.Advance(30);
  EXPECT_EQ(flow_.cursor().position(), 11);
  // The connection is lost unacknowledged, with its gateway or handed over: it comes whole again.
  EventFlow next(*this);
  next.Start(CursorTracker(11, {}));
  EXPECT_EQ(next.Restore(edit)->payload(), "whole");
  flow_.OnAcknowledged(20);
  flow_.Advance(30);
  EXPECT_EQ(flow_.cursor().position(), 30);
}

TEST_F(EventFlowTest, WhatWasMissedComesBeforeWhatIsLive) {
  flow_.Start(CursorTracker(10, {13}));
  flow_.Resync();
  EXPECT_THAT(asked_, ElementsAre(10));
  flow_.OnLive(Event(16));
  EXPECT_THAT(sent_, IsEmpty());
  flow_.OnPage({{Event(12), Event(13), Event(14)}, true, 1000});
  EXPECT_THAT(asked_, ElementsAre(10, 14));
  flow_.OnPage({{Event(15), Event(16)}});
  EXPECT_THAT(sent_, ElementsAre(12, 14, 15, 16));
  flow_.OnLive(Event(17));
  EXPECT_THAT(sent_, ElementsAre(12, 14, 15, 16, 17));
}

TEST_F(EventFlowTest, WhatWasCommittedLateBelowAPageIsReadWithTheNextOne) {
  flow_.Start(CursorTracker(10, {}));
  flow_.Resync();
  // 12 and 17 are of one feed; when the page was read, nobody knew yet whether there is a 12.
  flow_.OnPage({{Event(11), Event(13), Event(15)}, true, 11});
  EXPECT_THAT(asked_, ElementsAre(10, 11));
  EXPECT_THAT(had_, ElementsAre(13, 15));
  flow_.OnPage({{Event(12), Event(17)}, true, 16});
  EXPECT_THAT(asked_, ElementsAre(10, 11, 16));
  EXPECT_THAT(had_, ElementsAre(17));
  flow_.OnPage({{Event(18)}});
  EXPECT_THAT(sent_, ElementsAre(11, 13, 15, 12, 17, 18));
}

TEST_F(EventFlowTest, AGapSeenDuringAPassIsFilledBeforeWhatFollowsIt) {
  GoLive(CursorTracker(10, {}));
  flow_.Resync();
  flow_.OnLive(Event(12));
  flow_.Resync();  // 11 is missing: it was committed after the page under way was read
  flow_.OnPage({});
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_THAT(asked_, ElementsAre(10, 10));
  flow_.OnPage({{Event(11), Event(12)}});
  EXPECT_THAT(sent_, ElementsAre(11, 12));
}

TEST_F(EventFlowTest, WhatComesBeforeTheFirstPassIsLeftToIt) {
  flow_.Start(CursorTracker(10, {}));
  flow_.OnLive(Event(11));
  EXPECT_THAT(sent_, IsEmpty());
  flow_.Resync();
  EXPECT_THAT(asked_, ElementsAre(10));
  flow_.OnPage({{Event(11)}});
  EXPECT_THAT(sent_, ElementsAre(11));
}

TEST_F(EventFlowTest, AFullSessionReadsTheRestLaterFromHistory) {
  GoLive(CursorTracker(10, {}));
  flow_.OnLive(Event(11));
  full_ = true;
  flow_.OnLive(Event(12));
  flow_.OnLive(Event(13));
  full_ = false;
  flow_.OnLive(Event(14));
  EXPECT_THAT(sent_, ElementsAre(11));
  flow_.OnDrained();
  EXPECT_THAT(asked_, ElementsAre(10));
  flow_.OnPage({{Event(11), Event(12), Event(13), Event(14)}});
  EXPECT_THAT(sent_, ElementsAre(11, 12, 13, 14));
}

TEST_F(EventFlowTest, MoreLiveEventsThanAreHeldAreFoundByAnotherPass) {
  flow_.Start(CursorTracker(0, {}));
  flow_.Resync();
  for (int64_t p = 1; p <= 300; ++p) flow_.OnLive(Event(p));
  flow_.OnPage({});
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_THAT(asked_, ElementsAre(0, 0));
  std::vector<ReadyEvent> page;
  for (int64_t p = 1; p <= 300; ++p) page.push_back(Event(p));
  flow_.OnPage({page});
  EXPECT_EQ(sent_.size(), 300u);
  EXPECT_TRUE(std::is_sorted(sent_.begin(), sent_.end()));
}

TEST_F(EventFlowTest, TheCursorDoesNotRiseOverWhatIsNotPassedOn) {
  flow_.Start(CursorTracker(10, {}));
  flow_.Resync();
  flow_.Advance(50);
  EXPECT_EQ(flow_.cursor().position(), 10);
  flow_.OnPage({});
  flow_.Advance(50);
  EXPECT_EQ(flow_.cursor().position(), 50);
}

TEST_F(EventFlowTest, AFailedPageWaitsForTheNextResync) {
  flow_.Start(CursorTracker(10, {}));
  flow_.Resync();
  flow_.OnPageFailed();
  flow_.OnLive(Event(11));
  EXPECT_THAT(sent_, IsEmpty());
  flow_.Resync();
  flow_.OnPage({{Event(11)}});
  EXPECT_THAT(sent_, ElementsAre(11));
}

}  // namespace
}  // namespace chat::gateway
