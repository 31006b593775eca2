#include "services/gateway/open/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace chat::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClaimsTest : public testing::Test, public Claims::Host {
 protected:
  void AskClaim(uint64_t id, const SharedOpenEvent&, const std::string&) override {
    asked_.push_back(id);
  }
  bool OnGranted(const OpenEvent& event, const std::string& filter) override {
    if (room_ == 0) return false;
    --room_;
    given_.push_back(std::to_string(event.position) + " " + filter);
    return true;
  }
  void Add(int64_t position) {
    auto event = std::make_shared<OpenEvent>();
    event->position = position;
    claims_.Add(event, "f");
  }

  int room_ = 100;
  std::vector<uint64_t> asked_;
  std::vector<std::string> given_;
  Claims claims_{*this};
};

TEST_F(ClaimsTest, WhatIsGrantedIsGivenInTheOrderOfTheLog) {
  // MQTT-4.6.0-6
  for (int64_t position : {1, 2, 3, 4}) Add(position);
  claims_.OnAnswer(asked_[2], true);
  claims_.OnAnswer(asked_[1], false);
  EXPECT_THAT(given_, IsEmpty());
  claims_.OnAnswer(asked_[0], true);
  EXPECT_THAT(given_, ElementsAre("1 f", "3 f"));
  claims_.OnAnswer(asked_[3], true);
  EXPECT_THAT(given_, ElementsAre("1 f", "3 f", "4 f"));
}

TEST_F(ClaimsTest, WhatNobodyHasRoomForWaits) {
  room_ = 1;
  for (int64_t position : {1, 2, 3}) Add(position);
  for (size_t i = 0; i < 3; ++i) claims_.OnAnswer(asked_[i], true);
  EXPECT_THAT(given_, ElementsAre("1 f"));
  room_ = 1;
  claims_.Retry();
  EXPECT_THAT(given_, ElementsAre("1 f", "2 f"));
  room_ = 5;
  claims_.Retry();
  EXPECT_THAT(given_, ElementsAre("1 f", "2 f", "3 f"));
  EXPECT_EQ(asked_.size(), 3u) << "what is granted is not asked for again";
}

TEST_F(ClaimsTest, WhatWasNotAnsweredIsAskedForAgain) {
  for (int64_t position : {1, 2}) Add(position);
  claims_.OnAnswer(asked_[0], std::nullopt);
  claims_.OnAnswer(asked_[1], true);
  EXPECT_THAT(given_, IsEmpty());
  claims_.Retry();
  ASSERT_EQ(asked_.size(), 3u);
  EXPECT_EQ(asked_[2], asked_[0]);
  claims_.OnAnswer(asked_[2], true);
  EXPECT_THAT(given_, ElementsAre("1 f", "2 f"));
}

TEST_F(ClaimsTest, AnAnswerToOthersIsNone) {
  Claims other(*this);
  Add(1);
  other.OnAnswer(asked_[0], true);
  EXPECT_THAT(given_, IsEmpty());
  claims_.OnAnswer(asked_[0], true);
  claims_.OnAnswer(asked_[0], true);
  EXPECT_THAT(given_, ElementsAre("1 f"));
}

}  // namespace
}  // namespace chat::gateway
