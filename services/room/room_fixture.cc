#include "services/room/room_fixture.h"

#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "libs/pg/migrate.h"
#include "services/room/migrations.h"

namespace chat::room {
namespace {

std::string Superuser() {
  const char* url = std::getenv("CHAT_TEST_PG");
  return url == nullptr ? "" : url;
}

std::string DatabaseName() { return "room_test_" + std::to_string(getpid()); }

// The superuser's URL with another database.
std::string DatabaseUrl() {
  const std::string url = Superuser();
  const size_t query = std::min(url.find('?'), url.size());
  const size_t slash = std::min(url.find('/', url.find("//") + 2), query);
  return url.substr(0, slash) + "/" + DatabaseName() + url.substr(query);
}

void Administer(const std::string& sql) {
  pqxx::connection connection(Superuser());
  pqxx::nontransaction(connection).exec(sql);
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

// Every phone id in the text, by the number of its roster.
std::string Short(const std::string& text) {
  static const std::string kPhone = "3806700";
  std::string result;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, kPhone.size(), kPhone) == 0) {
      i = text.find('_', i) + 1;
      continue;
    }
    result += text[i++];
  }
  return result;
}

std::string Line(const google::protobuf::RepeatedPtrField<v1::Member>& members) {
  std::string line;
  for (const v1::Member& member : members) {
    if (!line.empty()) line += ",";
    line += Short(member.phone_id());
    if (member.status() == v1::Member::REMOVED) line += "-";
    if (!member.has_id()) line += "?";
  }
  return line;
}

std::string Line(const v1::Room& room) {
  std::string line = "room " + Lower(v1::Room::Status_Name(room.status()));
  if (!room.members().empty() || !room.admins().empty()) line += " " + Listing(room);
  return line;
}

std::string Line(const v1::RoomBroadcast& broadcast) {
  if (broadcast.has_system()) {
    const v1::SystemMessage& system = broadcast.system();
    return system.type() + " by " + std::to_string(system.from()) + ": " + Short(system.text());
  }
  if (broadcast.record().has_member()) {
    return "member " + Short(broadcast.record().member().phone_id()) + " " +
           Lower(v1::Member::Status_Name(broadcast.record().member().status()));
  }
  return Line(broadcast.record().room());
}

std::string Line(const v1::Change& change) {
  if (change.has_notice()) {
    return "to " + std::to_string(change.notice().account_id() - 1000) + ": " +
           Line(change.notice().record().room());
  }
  const v1::RoomChange& room = change.room();
  std::string line =
      std::string(room.channel() ? "channel" : "group") + " v" + std::to_string(room.version());
  if (!room.open()) line += " closed";
  for (int i = 0; i < room.set_size(); ++i) {
    const v1::RoomMember& member = room.set(i);
    line += (i == 0 ? " set " : " ") + std::to_string(member.roster_id());
    if (member.admin()) line += "a";
    if (member.silent()) line += "s";
  }
  for (int i = 0; i < room.lost_size(); ++i) {
    line += (i == 0 ? " lost " : " ") + std::to_string(room.lost(i));
  }
  for (const v1::RoomBroadcast& broadcast : room.broadcasts()) line += " | " + Line(broadcast);
  return line;
}

}  // namespace

grpc::Status RecordingMessaging::Apply(grpc::ServerContext*, const v1::ApplyRequest* request,
                                       v1::ApplyReply*) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  for (const v1::Change& change : request->changes()) {
    if (change.source() == "room" && seen_.insert(change.sequence()).second) {
      changes_.push_back(change);
    }
  }
  return grpc::Status::OK;
}

grpc::Status RecordingMessaging::Views(grpc::ServerContext*, const v1::ViewsRequest* request,
                                       v1::ViewsReply* reply) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  for (int i = 0; i < request->rooms_size(); ++i) {
    v1::FeedView& view = *reply->add_views();
    view.set_reader(request->roster_id());
    view.set_unread(i + 1);
    view.mutable_last()->set_msg_id("last");
  }
  return grpc::Status::OK;
}

void RecordingMessaging::SetAway(bool away) {
  std::lock_guard lock(mutex_);
  away_ = away;
}

std::vector<v1::Change> RecordingMessaging::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(changes_, {});
}

grpc::Status Directory::People(grpc::ServerContext*, const v1::PeopleRequest* request,
                               v1::PeopleReply* reply) {
  std::function<void()> before;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(before_, nullptr);
  }
  if (before) before();
  std::lock_guard lock(mutex_);
  ++calls_;
  const auto add = [&](int64_t roster) {
    if (!people_.contains(roster)) return;
    v1::RosterPerson& person = *reply->add_people();
    person = people_.at(roster);
    person.set_friend_(friends_.contains(std::minmax(request->viewer(), roster)));
  };
  for (const int64_t roster : request->roster_ids()) add(roster);
  for (const std::string& phone_id : request->phone_ids()) {
    if (at_.contains(phone_id)) add(at_.at(phone_id));
  }
  return grpc::Status::OK;
}

Somebody Directory::Add(const std::string& name) {
  static std::atomic<int64_t> next{1};
  std::lock_guard lock(mutex_);
  const int64_t number = next++;
  v1::RosterPerson person;
  person.set_roster_id(number);
  person.set_account_id(1000 + number);
  person.set_phone_id("3806700" + std::to_string(10000 + number) + "_" + std::to_string(number));
  person.set_names(name);
  person.set_surnames("Of " + name);
  person.set_online(number % 2 == 0);
  people_[number] = person;
  at_[person.phone_id()] = number;
  return {{1000 + number}, {number}, person.phone_id()};
}

void Directory::Befriend(const Somebody& one, const Somebody& other) {
  std::lock_guard lock(mutex_);
  friends_.insert(std::minmax(one.roster.value, other.roster.value));
}

void Directory::BeforeAnswer(std::function<void()> act) {
  std::lock_guard lock(mutex_);
  before_ = std::move(act);
}

int Directory::calls() {
  std::lock_guard lock(mutex_);
  return calls_;
}

void RoomFixture::SetUpTestSuite() {
  if (Superuser().empty()) {
    ADD_FAILURE() << "CHAT_TEST_PG is not set";
    std::exit(1);
  }
  Administer("DROP DATABASE IF EXISTS " + DatabaseName());
  Administer("CREATE DATABASE " + DatabaseName());
  const absl::Status migrated = pg::Migrate(DatabaseUrl(), "room", kMigrations);
  ASSERT_TRUE(migrated.ok()) << migrated;
}

void RoomFixture::TearDownTestSuite() {
  Administer("DROP DATABASE IF EXISTS " + DatabaseName() + " WITH (FORCE)");
}

RoomFixture::RoomFixture(const Limits& limits) {
  messaging_server_ = grpc::ServerBuilder().RegisterService(&messaging_).BuildAndStart();
  directory_server_ = grpc::ServerBuilder().RegisterService(&directory_).BuildAndStart();
  feeds_ = std::make_unique<Feeds>(messaging_server_->InProcessChannel({}));
  people_ = std::make_unique<People>(directory_server_->InProcessChannel({}));
  pool_ = std::make_unique<pg::Pool>(DatabaseUrl(), 8);
  outbox_ = std::make_unique<pg::Outbox>(
      *pool_, "room",
      [this](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
        return feeds_->Apply(deadline, rows);
      },
      std::chrono::milliseconds(20));
  store_ = std::make_unique<PgRoomStore>(*pool_, *outbox_, limits);
  reader_ = std::make_unique<RoomReader>(*store_, *people_, *feeds_, limits);
  changer_ = std::make_unique<Changer>(*store_, *people_, limits);
  room_service_ = std::make_unique<RoomService>(*store_, *reader_, *changer_);
  member_service_ = std::make_unique<MemberService>(*changer_);
  internal_ = std::make_unique<RoomInternal>(*store_, *reader_, *changer_, limits);
  server_ = grpc::ServerBuilder()
                .RegisterService(room_service_.get())
                .RegisterService(member_service_.get())
                .RegisterService(internal_.get())
                .BuildAndStart();
  const auto channel = server_->InProcessChannel({});
  rooms_ = v1::RoomService::NewStub(channel);
  members_ = v1::MemberService::NewStub(channel);
  inside_ = v1::RoomInternal::NewStub(channel);
}

RoomFixture::~RoomFixture() {
  if (server_ == nullptr) return;
  messaging_.SetAway(false);
  server_->Shutdown();
  outbox_.reset();
  messaging_server_->Shutdown();
  directory_server_->Shutdown();
}

absl::Status RoomFixture::Ask(const Somebody& who, const v1::Room& request,
                              const v1::Packet* packet, int64_t epoch) {
  using Stub = v1::RoomService::Stub;
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const v1::Room&, v1::Reply*);
  static const std::map<v1::Room::Status, Method> kMethods = {
      {v1::Room::CREATE, &Stub::Create}, {v1::Room::GET, &Stub::Get},
      {v1::Room::PATCH, &Stub::Patch},   {v1::Room::ADD, &Stub::Add},
      {v1::Room::JOIN, &Stub::Join},     {v1::Room::REMOVE, &Stub::Remove},
      {v1::Room::LEAVE, &Stub::Leave},   {v1::Room::BAN, &Stub::Ban},
      {v1::Room::UNBAN, &Stub::Unban},   {v1::Room::MUTE, &Stub::Mute},
      {v1::Room::UNMUTE, &Stub::Unmute}, {v1::Room::DELETE, &Stub::Delete}};
  rpc::Call call = rpc::Background(std::chrono::seconds(20));
  call.caller.set_account_id(who.account.value);
  call.caller.set_client_id("emqttd_" + who.phone_id);
  call.caller.set_epoch(epoch);
  call.caller.add_rosters()->set_id(who.roster.value);
  if (packet != nullptr) *call.caller.mutable_packet() = *packet;
  reply_.Clear();
  return rpc::Invoke(call, *rooms_, kMethods.at(request.status()), request, &reply_,
                     std::chrono::seconds(20));
}

absl::Status RoomFixture::Patch(const Somebody& who, const v1::Member& request) {
  rpc::Call call = rpc::Background(std::chrono::seconds(20));
  call.caller.set_account_id(who.account.value);
  call.caller.add_rosters()->set_id(who.roster.value);
  reply_.Clear();
  return rpc::Invoke(call, *members_, &v1::MemberService::Stub::Patch, request, &reply_);
}

std::string RoomFixture::Make(const Somebody& creator, const std::vector<Somebody>& members,
                              v1::Room::Type type) {
  for (const Somebody& member : members) directory_.Befriend(creator, member);
  v1::Room request = Request(v1::Room::CREATE, "", members);
  request.clear_id();
  request.set_name("Kitchen");
  request.set_type(type);
  EXPECT_EQ(Ask(creator, request), absl::OkStatus());
  messaging_.Take();
  return reply_.records(0).room().id();
}

v1::Room RoomFixture::Get(const Somebody& who, const std::string& id) {
  EXPECT_EQ(Ask(who, Request(v1::Room::GET, id)), absl::OkStatus());
  return reply_.records(0).room();
}

std::vector<std::string> RoomFixture::Heard() { return Told(messaging_.Take()); }

v1::Room Request(v1::Room::Status verb, const std::string& id, const std::vector<Somebody>& members,
                 const std::vector<Somebody>& admins) {
  v1::Room request;
  request.set_id(id);
  request.set_status(verb);
  for (const Somebody& member : members) request.add_members()->set_phone_id(member.phone_id);
  for (const Somebody& admin : admins) request.add_admins()->set_phone_id(admin.phone_id);
  return request;
}

std::string Listing(const v1::Room& room) {
  return "members=[" + Line(room.members()) + "] admins=[" + Line(room.admins()) + "]";
}

std::vector<std::string> Told(const std::vector<v1::Change>& changes) {
  std::vector<std::string> lines;
  for (const v1::Change& change : changes) lines.push_back(Line(change));
  return lines;
}

}  // namespace chat::room
