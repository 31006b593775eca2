#include "services/gateway/router/lanes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace chat::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Strings = std::vector<std::string>;

// What the test knows of a replica, whether its lane stands or not.
struct Replica {
  bool healthy = true;
  int opened = 0, closed = 0;
  std::vector<Lane::Done> pending;
  void AnswerAll() {
    for (auto& done : std::exchange(pending, {})) done(absl::OkStatus(), v1::Reply());
  }
};

class FakeLane : public Lane {
 public:
  explicit FakeLane(Replica& replica) : replica_(replica) { ++replica_.opened; }
  ~FakeLane() override { ++replica_.closed; }
  void Call(v1::OrderedCall, milliseconds, Done done) override {
    replica_.pending.push_back(std::move(done));
  }
  void Flush() override {}
  void Expire() override {}
  bool healthy() const override { return replica_.healthy; }
  size_t pending() const override { return replica_.pending.size(); }

 private:
  Replica& replica_;
};

class LanesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Lanes> Make(Strings configured) {
    return std::make_unique<Lanes>(
        std::move(configured),
        [this](const std::string& address) {
          return std::make_unique<FakeLane>(replicas_[address]);
        },
        [this](const std::string& address) {
          const auto found = names_.find(address);
          return found == names_.end() ? Strings{address} : found->second;
        });
  }
  // The replica that a feed's sends go to: the one that has a call under way then.
  std::string At(Lanes& lanes, uint64_t feed) {
    v1::OrderedCall call;
    Lane::Done done = [](absl::Status, v1::Reply) {};
    EXPECT_TRUE(lanes.Call(lanes.For(feed), call, milliseconds(1), done));
    for (auto& [address, replica] : replicas_) {
      if (replica.pending.empty()) continue;
      replica.AnswerAll();
      return address;
    }
    return "";
  }
  std::map<uint64_t, std::string> Places(Lanes& lanes) {
    std::map<uint64_t, std::string> places;
    for (uint64_t feed = 0; feed < 3000; ++feed) places[feed] = At(lanes, feed);
    return places;
  }
  void Refresh(Lanes& lanes, seconds later) {
    now_ += later;
    lanes.Refresh(now_);
  }

  std::map<std::string, Strings> names_;
  std::map<std::string, Replica> replicas_;
  steady_clock::time_point now_ = steady_clock::now();
};

TEST_F(LanesTest, ANameGivesALaneToEachOfItsAddresses) {
  names_["messaging:1"] = {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"};
  auto lanes = Make({"messaging:1"});
  std::map<std::string, int> feeds;
  for (const auto& [feed, address] : Places(*lanes)) ++feeds[address];
  ASSERT_EQ(feeds.size(), 3u);
  for (const auto& [address, count] : feeds) EXPECT_NEAR(count, 1000, 150) << address;
}

TEST_F(LanesTest, EveryGatewayChoosesTheSameReplicaWhateverTheOrderOfAddresses) {
  auto one = Make({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  const auto places = Places(*one);
  auto other = Make({"10.0.0.3:1", "10.0.0.1:1", "10.0.0.2:1", "10.0.0.1:1"});
  EXPECT_EQ(Places(*other), places);
}

TEST_F(LanesTest, AReplicaThatComesTakesOnlyItsShare) {
  names_["m:1"] = {"10.0.0.1:1", "10.0.0.2:1"};
  auto lanes = Make({"m:1"});
  const auto before = Places(*lanes);
  names_["m:1"].push_back("10.0.0.3:1");
  Refresh(*lanes, seconds(2));
  const auto after = Places(*lanes);
  int moved = 0;
  for (const auto& [feed, address] : after) {
    if (address == before.at(feed)) continue;
    EXPECT_EQ(address, "10.0.0.3:1");
    ++moved;
  }
  EXPECT_NEAR(moved, 1000, 150);
  EXPECT_EQ(replicas_["10.0.0.1:1"].opened, 1) << "those that stay keep their streams";
}

TEST_F(LanesTest, AnUnhealthyReplicaLosesItsFeedsAndGetsThemBack) {
  auto lanes = Make({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  const auto before = Places(*lanes);
  replicas_["10.0.0.2:1"].healthy = false;
  for (const auto& [feed, address] : Places(*lanes)) {
    EXPECT_NE(address, "10.0.0.2:1");
    if (before.at(feed) != "10.0.0.2:1") {
      EXPECT_EQ(address, before.at(feed));
    }
  }
  replicas_["10.0.0.2:1"].healthy = true;
  EXPECT_EQ(Places(*lanes), before);
  for (auto& [address, replica] : replicas_) replica.healthy = false;
  EXPECT_EQ(Places(*lanes), before) << "all are as good then";
}

TEST_F(LanesTest, AReplicaThatIsNoLongerNamedGetsNothingNewAndEndsWhenNothingIsUnderWay) {
  names_["m:1"] = {"10.0.0.1:1", "10.0.0.2:1"};
  auto lanes = Make({"m:1"});
  uint64_t feed = 0;
  while (At(*lanes, feed) != "10.0.0.2:1") ++feed;
  const uint64_t lane = lanes->For(feed);
  v1::OrderedCall call;
  bool answered = false;
  Lane::Done done = [&](absl::Status, v1::Reply) { answered = true; };
  ASSERT_TRUE(lanes->Call(lane, call, milliseconds(1), done));
  names_["m:1"] = {"10.0.0.1:1"};
  Refresh(*lanes, seconds(2));
  EXPECT_NE(lanes->For(feed), lane);
  Refresh(*lanes, Lanes::kLinger + seconds(1));
  Replica& leaving = replicas_["10.0.0.2:1"];
  EXPECT_EQ(leaving.closed, 0) << "a call is under way";
  // What was queued for it before it left still goes there, behind what is under way.
  Lane::Done late = [](absl::Status, v1::Reply) {};
  EXPECT_TRUE(lanes->Call(lane, call, milliseconds(1), late));
  leaving.AnswerAll();
  EXPECT_TRUE(answered);
  Refresh(*lanes, seconds(2));
  EXPECT_EQ(leaving.closed, 0);
  Refresh(*lanes, Lanes::kLinger + seconds(1));
  EXPECT_EQ(leaving.closed, 1);
  EXPECT_FALSE(lanes->Call(lane, call, milliseconds(1), late));
}

TEST_F(LanesTest, AnAddressThatComesBackWhileItsLaneLingersIsTheSameLane) {
  names_["m:1"] = {"10.0.0.1:1", "10.0.0.2:1"};
  auto lanes = Make({"m:1"});
  const auto before = Places(*lanes);
  const uint64_t lane = lanes->For(1);
  names_["m:1"] = {"10.0.0.2:1"};
  Refresh(*lanes, seconds(2));
  names_["m:1"] = {"10.0.0.1:1", "10.0.0.2:1"};
  Refresh(*lanes, seconds(2));
  EXPECT_EQ(Places(*lanes), before);
  EXPECT_EQ(lanes->For(1), lane);
}

TEST_F(LanesTest, ANameThatDoesNotResolveNowKeepsWhatItHad) {
  names_["m:1"] = {};
  auto lanes = Make({"m:1"});
  EXPECT_EQ(lanes->For(7), 0u) << "nobody yet";
  names_["m:1"] = {"10.0.0.1:1"};
  Refresh(*lanes, seconds(2));
  EXPECT_NE(lanes->For(7), 0u);
  names_["m:1"] = {};
  Refresh(*lanes, seconds(200));
  EXPECT_EQ(At(*lanes, 7), "10.0.0.1:1");
}

TEST_F(LanesTest, ItsOwnThreadResolvesAgain) {
  std::atomic<int> asked = 0;
  Lanes lanes(
      {"m:1"},
      [this](const std::string& address) { return std::make_unique<FakeLane>(replicas_[address]); },
      [&asked](const std::string&) {
        ++asked;
        asked.notify_all();
        return Strings{"10.0.0.1:1"};
      });
  lanes.Start();
  for (int seen = asked; seen < 2; seen = asked) asked.wait(seen);
}

}  // namespace
}  // namespace chat::gateway
