#include "services/media/calls.h"

#include <grpcpp/server_builder.h>

#include "chat/v1/event.pb.h"
#include "libs/rpc/refusal.h"
#include "services/media/cdr_service.h"
#include "services/media/media_fixture.h"
#include "services/media/pg_call_store.h"
#include "services/media/pg_cdr_store.h"

namespace chat::media {
namespace {

constexpr char kAnna[] = "380670000001_1";   // account 1
constexpr char kBoris[] = "380670000002_2";  // account 2
constexpr char kClara[] = "380670000003_3";  // account 3, nobody's friend

// Anna and Boris are friends; both are members of room "r". Keeps what it is told.
class Peers final : public v1::FeedsInternal::Service, public v1::RosterInternal::Service {
 public:
  grpc::Status Apply(grpc::ServerContext*, const v1::ApplyRequest* request,
                     v1::ApplyReply*) override {
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    for (const v1::Change& change : request->changes()) {
      EXPECT_EQ(change.source(), "media");
      notices_.push_back(change.feed_notice());
    }
    return grpc::Status::OK;
  }
  grpc::Status Access(grpc::ServerContext*, const v1::FeedAccessRequest* request,
                      v1::FeedAccessReply* reply) override {
    reply->set_read(request->topic() == "room/r" && request->account_id() < 3);
    return grpc::Status::OK;
  }
  grpc::Status People(grpc::ServerContext*, const v1::PeopleRequest* request,
                      v1::PeopleReply* reply) override {
    v1::RosterPerson& person = *reply->add_people();
    person.set_phone_id(request->phone_ids(0));
    person.set_account_id(person.phone_id().back() - '0');
    person.set_friend_(friends_ && request->viewer() < 3 && person.account_id() < 3 &&
                       request->viewer() != person.account_id());
    return grpc::Status::OK;
  }
  std::vector<v1::FeedNotice> notices_;
  bool friends_ = true;
  std::atomic<bool> away_ = false;
};

class CallsTest : public MediaFixture {
 protected:
  CallsTest()
      : server_(grpc::ServerBuilder()
                    .RegisterService(static_cast<v1::FeedsInternal::Service*>(&peers_))
                    .RegisterService(static_cast<v1::RosterInternal::Service*>(&peers_))
                    .BuildAndStart()),
        messaging_(v1::FeedsInternal::NewStub(server_->InProcessChannel({}))),
        roster_(v1::RosterInternal::NewStub(server_->InProcessChannel({}))),
        feeds_(*messaging_, *roster_),
        outbox_(
            *pool_, "media",
            [this](pg::Deadline d, const std::vector<pg::OutboxRow>& r) {
              return feeds_.Apply(d, r);
            },
            std::chrono::hours(1)),
        cdrs_(*pool_, outbox_),
        store_calls_(*pool_, outbox_),
        calls_(store_calls_, feeds_,
               [this](std::vector<redis::Publication> batch) {
                 for (redis::Publication& one : batch) published_.push_back(std::move(one));
               },
               {.ring_s = 60, .life_s = 3600, .per_account = 2}) {}

  static rpc::Call By(const std::string& phone_id, const std::string& client) {
    rpc::Call call = rpc::Background(std::chrono::seconds(10));
    const int64_t id = phone_id.back() - '0';
    call.caller.set_account_id(id);
    call.caller.set_client_id(client);
    v1::OwnRoster& own = *call.caller.add_rosters();
    own.set_id(id);
    own.set_phone_id(phone_id);
    return call;
  }
  // "ok" or the refusal; what was published is in Sent().
  std::string Signal(const std::string& from, const std::string& to, v1::Call::Status status,
                     const std::string& client = "device", const std::string& id = "call") {
    published_.clear();
    v1::Call signal;
    signal.set_id(id);
    *signal.mutable_p2p() = SortedPair(from, to);
    signal.set_type(v1::VIDEO);
    signal.set_payload("\x6a");
    signal.set_status(status);
    absl::Status done = calls_.Signal(By(from, client), signal);
    return done.ok() ? "ok" : v1::ErrorCode_Name(*rpc::RefusalOf(done));
  }
  // Each event as "channel topic STATUS from[ !client]".
  std::vector<std::string> Sent() {
    std::vector<std::string> sent;
    for (const redis::Publication& one : published_) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(one.payload));
      EXPECT_EQ(event.lane(), v1::Event::TRANSIENT);
      EXPECT_EQ(event.qos(), 1u);
      const v1::Call& call = event.record().call();
      sent.push_back(one.channel + " " + event.topic() + " " +
                     v1::Call::Status_Name(call.status()) + " " + call.from() +
                     (event.not_to_client().empty() ? "" : " !" + event.not_to_client()));
    }
    return sent;
  }
  using Lines = std::vector<std::string>;
  const v1::Cdr& LastCdr() { return peers_.notices_.back().record().cdr(); }
  void Expire() { Exec("UPDATE media.call SET deadline_ms = 1"); }

  Peers peers_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::FeedsInternal::Stub> messaging_;
  std::unique_ptr<v1::RosterInternal::Stub> roster_;
  Feeds feeds_;
  pg::Outbox outbox_;
  PgCdrStore cdrs_;
  PgCallStore store_calls_;
  std::vector<redis::Publication> published_;
  Calls calls_;
};

TEST_F(CallsTest, ACallGoesFromOfferToItsRecord) {
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER), "ok");
  EXPECT_EQ(Sent(), (Lines{"a:2 ses/380670000002 OFFER 380670000001_1"}));
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::RINGING), "ok");
  EXPECT_EQ(Sent(), (Lines{"a:1 ses/380670000001 RINGING 380670000002_2"}));
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::ANSWER, "b1"), "ok");
  EXPECT_EQ(Sent(), (Lines{"a:1 ses/380670000001 ANSWER 380670000002_2",
                           "a:2 ses/380670000002 CANCEL 380670000002_2 !b1"}));
  v1::Event cancel;
  cancel.ParseFromString(published_[1].payload);
  EXPECT_EQ(cancel.record().call().payload(), std::string("m\0\0\0\x08", 5) + "answered");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::CANDIDATE), "ok");
  EXPECT_EQ(Exec("UPDATE media.call SET answered_ms = answered_ms - 5000 RETURNING 1"), "1");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::HANGUP), "ok");
  ASSERT_EQ(peers_.notices_.size(), 1u);
  EXPECT_EQ(peers_.notices_[0].topic(), "p2p/380670000001_1/380670000002_2");
  EXPECT_EQ(LastCdr().id(), "call");
  EXPECT_EQ(LastCdr().from(), kAnna);
  EXPECT_EQ(LastCdr().to(), kBoris);
  EXPECT_EQ(LastCdr().status(), v1::Cdr::ENDED);
  EXPECT_EQ(LastCdr().type(), v1::VIDEO);
  EXPECT_EQ(LastCdr().duration(), 5);
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::HANGUP), "INVALID_DATA");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER), "INVALID_DATA") << "an id is used once";
}

TEST_F(CallsTest, AnotherDeviceOfWhoAnsweredIsDenied) {
  Signal(kAnna, kBoris, v1::Call::OFFER);
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::ANSWER, "b1"), "ok");
  for (v1::Call::Status status : {v1::Call::ANSWER, v1::Call::HANGUP, v1::Call::CANDIDATE}) {
    EXPECT_EQ(Signal(kBoris, kAnna, status, "b2"), "PERMISSION_DENIED");
    EXPECT_EQ(Sent(), Lines{});
  }
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::HANGUP, "b1"), "ok");
}

TEST_F(CallsTest, WhoeverEndsACallThatRingsDecidesItsStatus) {
  Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c1");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::CANCEL, "a1", "c1"), "ok");
  EXPECT_EQ(LastCdr().status(), v1::Cdr::MISSED);
  EXPECT_EQ(LastCdr().duration(), 0);
  Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c2");
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::HANGUP, "b1", "c2"), "ok");
  EXPECT_EQ(LastCdr().status(), v1::Cdr::DECLINED);
  EXPECT_EQ(Sent(), (Lines{"a:1 ses/380670000001 HANGUP 380670000002_2",
                           "a:2 ses/380670000002 CANCEL 380670000002_2 !b1"}));
  Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c3");
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::BUSY, "b1", "c3"), "ok");
  EXPECT_EQ(LastCdr().status(), v1::Cdr::BUSY);
}

TEST_F(CallsTest, WhatNobodyAnswersIsMissedOnce) {
  Signal(kAnna, kBoris, v1::Call::OFFER);
  published_.clear();
  calls_.Tick();
  EXPECT_EQ(Sent(), Lines{});
  Expire();
  calls_.Tick();
  EXPECT_EQ(Sent(), (Lines{"a:1 ses/380670000001 CANCEL 380670000001_1",
                           "a:2 ses/380670000002 CANCEL 380670000001_1"}));
  EXPECT_EQ(LastCdr().status(), v1::Cdr::MISSED);
  published_.clear();
  calls_.Tick();
  EXPECT_EQ(Sent(), Lines{});
  EXPECT_EQ(peers_.notices_.size(), 1u);
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::ANSWER), "INVALID_DATA");
}

TEST_F(CallsTest, StrangersAndForeignFeedsAreRefused) {
  EXPECT_EQ(Signal(kAnna, kClara, v1::Call::OFFER), "PERMISSION_DENIED");
  EXPECT_EQ(Signal(kAnna, kAnna, v1::Call::OFFER), "PERMISSION_DENIED");
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::ANSWER), "INVALID_DATA") << "no such call";
  EXPECT_EQ(Sent(), Lines{});
  EXPECT_EQ(Exec("SELECT count(*) FROM media.call"), "0");
}

TEST_F(CallsTest, ACallCanBeEndedThoughTheFriendshipHas) {
  Signal(kAnna, kBoris, v1::Call::OFFER);
  peers_.friends_ = false;
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::ANSWER), "PERMISSION_DENIED");
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::HANGUP), "ok");
}

TEST_F(CallsTest, CallsAtOnceAreLimited) {
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c1"), "ok");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c2"), "ok");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c3"), "TOO_MANY");
  EXPECT_EQ(Signal(kBoris, kAnna, v1::Call::OFFER, "b1", "c3"), "ok");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::CANCEL, "a1", "c1"), "ok");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER, "a1", "c4"), "ok");
}

TEST_F(CallsTest, OfAnOldCallOnlyTheRecordIsLeft) {
  Signal(kAnna, kBoris, v1::Call::OFFER);
  Signal(kAnna, kBoris, v1::Call::CANCEL);
  Exec("UPDATE media.call SET ended_ms = 1");
  EXPECT_TRUE(store_calls_.Prune(Soon()).ok());
  EXPECT_EQ(Exec("SELECT count(*) FROM media.call"), "0");
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::OFFER), "INVALID_DATA");
}

TEST_F(CallsTest, ARecordWaitsWhileMessagingIsAway) {
  peers_.away_ = true;
  Signal(kAnna, kBoris, v1::Call::OFFER);
  EXPECT_EQ(Signal(kAnna, kBoris, v1::Call::CANCEL), "ok");
  EXPECT_TRUE(peers_.notices_.empty());
  peers_.away_ = false;
  EXPECT_TRUE(outbox_.Drain(Soon(), P2pKey(1, 2)).ok());
  EXPECT_EQ(peers_.notices_.size(), 1u);
}

class CdrTest : public CallsTest {
 protected:
  CdrTest()
      : cdr_server_(grpc::ServerBuilder().RegisterService(&service_).BuildAndStart()),
        stub_(v1::CdrService::NewStub(cdr_server_->InProcessChannel({}))) {}
  static v1::Cdr P2p(const std::string& id = "") {
    v1::Cdr cdr;
    if (!id.empty()) cdr.set_id(id);
    *cdr.mutable_p2p() = SortedPair(kAnna, kBoris);
    cdr.set_type(v1::AUDIO);
    cdr.set_started(1000);
    cdr.set_duration(7);
    cdr.set_status(v1::Cdr::ENDED);
    return cdr;
  }
  // The id, or the refusal.
  std::string Put(const v1::Cdr& cdr, const std::string& by = kAnna) {
    v1::Reply reply;
    absl::Status status =
        rpc::Invoke(By(by, "device"), *stub_, &v1::CdrService::Stub::Put, cdr, &reply);
    if (!status.ok()) return v1::ErrorCode_Name(*rpc::RefusalOf(status));
    return reply.records(0).io().ok().text();
  }
  std::vector<std::string> Get(const std::string& by) {
    v1::Reply reply;
    absl::Status status =
        rpc::Invoke(By(by, "device"), *stub_, &v1::CdrService::Stub::Get, v1::Cdr(), &reply);
    EXPECT_TRUE(status.ok()) << status;
    std::vector<std::string> ids;
    for (const v1::Listed& one : reply.records(0).io().list().records()) {
      ids.push_back(one.cdr().id());
    }
    return ids;
  }

  CdrService service_{cdrs_, feeds_, 3};
  std::unique_ptr<grpc::Server> cdr_server_;
  std::unique_ptr<v1::CdrService::Stub> stub_;
};

TEST_F(CdrTest, ARecordIsStoredPublishedAndReadBackByItsOwner) {
  EXPECT_EQ(Put(P2p("one")), "one");
  const std::string invented = Put(P2p());
  EXPECT_EQ(invented.substr(0, 4), "cdr_");
  ASSERT_EQ(peers_.notices_.size(), 2u);
  EXPECT_EQ(peers_.notices_[0].topic(), "p2p/380670000001_1/380670000002_2");
  const v1::Cdr& cdr = peers_.notices_[0].record().cdr();
  EXPECT_EQ(cdr.from(), kAnna);
  EXPECT_EQ(cdr.to(), kBoris);
  EXPECT_EQ(cdr.started(), 1000);
  EXPECT_EQ(cdr.duration(), 7);
  EXPECT_EQ(Get(kAnna), (Lines{invented, "one"}));
  EXPECT_EQ(Get(kBoris), Lines{});
}

TEST_F(CdrTest, TheSameIdIsAnsweredAndPublishedOnce) {
  EXPECT_EQ(Put(P2p("one")), "one");
  EXPECT_EQ(Put(P2p("one")), "one");
  EXPECT_EQ(Put(P2p("one"), kBoris), "one");
  EXPECT_EQ(peers_.notices_.size(), 1u);
  v1::Cdr room = P2p("one");
  room.mutable_muc()->set_name("r");
  EXPECT_EQ(Put(room), "one") << "another feed";
  EXPECT_EQ(peers_.notices_.size(), 2u);
  EXPECT_EQ(peers_.notices_[1].topic(), "room/r");
}

TEST_F(CdrTest, WhatIsWrongIsRefusedAndStoresNothing) {
  v1::Cdr stranger = P2p();
  *stranger.mutable_p2p() = SortedPair(kAnna, kClara);
  EXPECT_EQ(Put(stranger), "INVALID_DATA");
  v1::Cdr room = P2p();
  room.mutable_muc()->set_name("other");
  EXPECT_EQ(Put(room), "INVALID_DATA");
  v1::Cdr foreign = P2p();
  foreign.set_from(kBoris);
  EXPECT_EQ(Put(foreign), "NOT_AUTHORIZED");
  EXPECT_EQ(Put(P2p("a b")), "INVALID_DATA");
  EXPECT_EQ(Exec("SELECT count(*) FROM media.cdr"), "0");
  EXPECT_TRUE(peers_.notices_.empty());
}

TEST_F(CdrTest, RecordsOfADayAreLimitedButRepetitionsAreNot) {
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(Put(P2p(id)), id);
  EXPECT_EQ(Put(P2p("d")), "TOO_MANY");
  EXPECT_EQ(Put(P2p("a")), "a");
  Exec("UPDATE media.cdr SET created = now() - interval '2 days'");
  EXPECT_EQ(Put(P2p("d")), "d");
}

TEST_F(CdrTest, BothSidesReadTheRecordOfACall) {
  Signal(kAnna, kBoris, v1::Call::OFFER);
  Signal(kAnna, kBoris, v1::Call::CANCEL);
  EXPECT_EQ(Get(kAnna), Lines{"call"});
  EXPECT_EQ(Get(kBoris), Lines{"call"});
  EXPECT_EQ(Get(kClara), Lines{});
}

}  // namespace
}  // namespace chat::media
