// For tests: the room services on a database of their own, with a messaging that records what it is
// told and a roster whose people and friendships are set by hand. Needs CHAT_TEST_PG (a superuser's
// postgresql://…).
#pragma once

#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "chat/v1/messaging.grpc.pb.h"
#include "chat/v1/room.grpc.pb.h"
#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/refusal.h"
#include "services/room/changer.h"
#include "services/room/feeds.h"
#include "services/room/people.h"
#include "services/room/pg_room_store.h"
#include "services/room/room_internal.h"
#include "services/room/room_reader.h"
#include "services/room/room_service.h"

namespace chat::room {

// Messaging's side. Thread safe.
class RecordingMessaging final : public v1::FeedsInternal::Service {
 public:
  grpc::Status Apply(grpc::ServerContext*, const v1::ApplyRequest* request,
                     v1::ApplyReply*) override;
  // Reader is the roster id, unread the number of the room in the request, last message "last".
  grpc::Status Views(grpc::ServerContext*, const v1::ViewsRequest* request,
                     v1::ViewsReply* reply) override;

  void SetAway(bool away);
  // What was applied since the last Take, each sequence once, in order of arrival.
  std::vector<v1::Change> Take();

 private:
  std::mutex mutex_;
  bool away_ = false;
  std::set<int64_t> seen_;
  std::vector<v1::Change> changes_;
};

// An account with one roster.
struct Somebody {
  AccountId account;
  RosterId roster;
  std::string phone_id;
};

// Roster's side. Thread safe.
class Directory final : public v1::RosterInternal::Service {
 public:
  grpc::Status People(grpc::ServerContext*, const v1::PeopleRequest* request,
                      v1::PeopleReply* reply) override;

  Somebody Add(const std::string& name);
  void Befriend(const Somebody& one, const Somebody& other);
  // Called once, before the next answer.
  void BeforeAnswer(std::function<void()> act);
  int calls();

 private:
  std::mutex mutex_;
  std::map<int64_t, v1::RosterPerson> people_;
  std::map<std::string, int64_t> at_;
  std::set<std::pair<int64_t, int64_t>> friends_;
  std::function<void()> before_;
  int calls_ = 0;
};

class RoomFixture : public testing::Test {
 protected:
  static constexpr Limits kLimits = {.full_list = 4,
                                     .group = 8,
                                     .channel = 12,
                                     .bans = 3,
                                     .rooms_per_roster = 5,
                                     .room_bytes = 4096};

  static void SetUpTestSuite();
  static void TearDownTestSuite();
  RoomFixture() : RoomFixture(kLimits) {}
  explicit RoomFixture(const Limits& limits);
  ~RoomFixture() override;

  static Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

  // Calls Room/<status of the request> as `who`; what is answered goes to *reply_.
  absl::Status Ask(const Somebody& who, const v1::Room& request, const v1::Packet* packet = nullptr,
                   int64_t epoch = 1);
  absl::Status Patch(const Somebody& who, const v1::Member& request);
  // A room of `creator`, its admin, and members who become his friends; told and forgotten.
  std::string Make(const Somebody& creator, const std::vector<Somebody>& members = {},
                   v1::Room::Type type = v1::Room::GROUP);
  v1::Room Get(const Somebody& who, const std::string& id);
  // What messaging was told since the last time, one line each; see Told().
  std::vector<std::string> Heard();

  RecordingMessaging messaging_;
  Directory directory_;
  v1::Reply reply_;
  std::unique_ptr<grpc::Server> messaging_server_, directory_server_;
  std::unique_ptr<Feeds> feeds_;
  std::unique_ptr<People> people_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<pg::Outbox> outbox_;
  std::unique_ptr<PgRoomStore> store_;
  std::unique_ptr<RoomReader> reader_;
  std::unique_ptr<Changer> changer_;
  std::unique_ptr<RoomService> room_service_;
  std::unique_ptr<MemberService> member_service_;
  std::unique_ptr<RoomInternal> internal_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::RoomService::Stub> rooms_;
  std::unique_ptr<v1::MemberService::Stub> members_;
  std::unique_ptr<v1::RoomInternal::Stub> inside_;
};

// A request; members and admins by phone id.
v1::Room Request(v1::Room::Status verb, const std::string& id,
                 const std::vector<Somebody>& members = {},
                 const std::vector<Somebody>& admins = {});

// "members=[1,2] admins=[3]": rosters of the lists, a removed one with "-", one without id with
// "?".
std::string Listing(const v1::Room& room);

// One line for each change, with rosters by their numbers:
//   "r v2 set 3a 4s lost 5 | room add members=[4] admins=[3] | join by 3: 3 added 4"
//   "to 4: room add members=[4] admins=[3]"
std::vector<std::string> Told(const std::vector<v1::Change>& changes);

}  // namespace chat::room
