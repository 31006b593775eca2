#include "services/roster/roster_fixture.h"

#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "services/roster/migrations.h"

namespace chat::roster {
namespace {

std::string Superuser() {
  const char* url = std::getenv("CHAT_TEST_PG");
  return url == nullptr ? "" : url;
}

std::string DatabaseName() { return "roster_test_" + std::to_string(getpid()); }

void Administer(const std::string& sql) {
  pqxx::connection connection(Superuser());
  pqxx::nontransaction work(connection);
  work.exec(sql);
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

// "ac/… for 1 2: online Ann", "ses/… qos 2: Loc", "ses/… qos 1: <payload>".
std::string EventLine(const v1::Event& event) {
  std::string line = event.topic();
  for (int64_t account : event.accounts()) line += " " + std::to_string(account);
  if (event.lane() != v1::Event::TRANSIENT) line += " DURABLE";
  if (event.qos() > 0) line += " qos " + std::to_string(event.qos());
  if (!event.payload().empty()) return line + ": " + event.payload();
  if (event.record().has_loc()) return line + ": Loc";
  const v1::Contact& contact = event.record().contact();
  line += ": " + contact.names();
  if (contact.presence() == v1::ONLINE) line += " online";
  if (contact.presence() == v1::OFFLINE) line += " offline";
  if (contact.has_status()) line += " " + Lower(v1::Contact::Status_Name(contact.status()));
  return line;
}

std::string Line(const v1::Change& change) {
  if (change.has_roster()) {
    return "roster of " + std::to_string(change.roster().account_id()) + ": " +
           change.roster().phone_id();
  }
  if (change.has_friendship()) {
    const v1::FriendshipChange& feed = change.friendship();
    return "feed " + std::to_string(feed.roster_a()) + "-" + std::to_string(feed.roster_b()) +
           (feed.open() ? " open" : " close") + " v" + std::to_string(feed.version());
  }
  const v1::Record& record = change.notice().record();
  std::string line = "to " + std::to_string(change.notice().account_id()) + ": ";
  if (record.has_roster()) {
    line += "roster " + Lower(v1::Roster::Status_Name(record.roster().status()));
    return change.notice().rosters_changed() ? line + ", rosters changed" : line;
  }
  if (record.has_tag()) {
    return line + "tag " + record.tag().name() + " " + record.tag().color() + " " +
           Lower(v1::Tag::Status_Name(record.tag().status()));
  }
  if (record.has_star()) {
    line += "star " + record.star().message().msg_id() + " of " +
            std::to_string(record.star().message().id()) + " tagged";
    for (int64_t tag : record.star().tags()) line += " " + std::to_string(tag);
    return line + " " + Lower(v1::Star::Status_Name(record.star().status()));
  }
  const v1::Contact& contact = record.contact();
  line += contact.phone_id() + " " + Lower(v1::Contact::Status_Name(contact.status()));
  if (contact.presence() == v1::ONLINE) line += " online";
  if (contact.has_email()) line += " with email";
  if (contact.settings_size() > 0) line += " " + contact.settings(0).id();
  return line;
}

}  // namespace

grpc::Status RecordingMessaging::Apply(grpc::ServerContext*, const v1::ApplyRequest* request,
                                       v1::ApplyReply*) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  for (const v1::Change& change : request->changes()) {
    if (change.source() == "roster" && seen_.insert(change.sequence()).second) {
      changes_.push_back(change);
    }
  }
  return grpc::Status::OK;
}

grpc::Status RecordingMessaging::Views(grpc::ServerContext*, const v1::ViewsRequest* request,
                                       v1::ViewsReply* reply) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  for (int64_t peer : request->peers()) {
    v1::FeedView& view = *reply->add_views();
    view.set_reader(peer);
    view.set_unread(3);
    view.mutable_last()->set_msg_id("last");
  }
  return grpc::Status::OK;
}

grpc::Status RecordingMessaging::Read(grpc::ServerContext*, const v1::ReadRequest* request,
                                      v1::Message* reply) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  const int64_t id = request->message_id();
  if (id < 1 || id > 999) return {grpc::StatusCode::NOT_FOUND, "not readable"};
  reply->set_id(id);
  reply->set_msg_id("message " + std::to_string(id));
  return grpc::Status::OK;
}

grpc::Status RecordingMessaging::ReadMany(grpc::ServerContext* context,
                                          const v1::ReadManyRequest* request,
                                          v1::ReadManyReply* reply) {
  for (int i = 0; i < request->message_ids_size() && i < 2; ++i) {
    v1::ReadRequest one;
    one.set_message_id(request->message_ids(i));
    v1::Message message;
    if (Read(context, &one, &message).ok()) *reply->add_messages() = message;
    reply->set_answered(i + 1);
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

grpc::Status RecordingRooms::RemoveRosters(grpc::ServerContext*,
                                           const v1::RemoveRostersRequest* request,
                                           v1::RemoveRostersReply*) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  removed_.insert(removed_.end(), request->roster_ids().begin(), request->roster_ids().end());
  return grpc::Status::OK;
}

grpc::Status RecordingRooms::Rooms(grpc::ServerContext*, const v1::RoomsRequest* request,
                                   v1::RoomsReply* reply) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  for (int64_t roster : request->roster_ids()) {
    v1::RosterRooms& of = *reply->add_rosters();
    of.set_roster_id(roster);
    if (members_.contains(roster)) *of.add_rooms() = room_;
  }
  return grpc::Status::OK;
}

grpc::Status RecordingRooms::CoMembers(grpc::ServerContext*, const v1::CoMembersRequest* request,
                                       v1::CoMembersReply* reply) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  if (!members_.contains(request->roster_id())) return grpc::Status::OK;
  for (int64_t member : members_) {
    if (member != request->roster_id()) reply->add_roster_ids(member);
  }
  return grpc::Status::OK;
}

grpc::Status RecordingRooms::Find(grpc::ServerContext*, const v1::FindRoomsRequest* request,
                                  v1::RoomsReply* reply) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  v1::RosterRooms& found = *reply->add_rosters();
  for (const std::string& id : request->ids()) found.add_rooms()->set_id(id);
  if (request->prefix().empty()) return grpc::Status::OK;
  found.add_rooms()->set_id((request->exact() ? "" : "like ") + request->prefix());
  return grpc::Status::OK;
}

void RecordingRooms::SetRoom(const std::string& id, int64_t update_ms,
                             std::vector<RosterId> rosters) {
  std::lock_guard lock(mutex_);
  room_.set_id(id);
  room_.set_update(update_ms);
  for (RosterId roster : rosters) members_.insert(roster.value);
}

void RecordingRooms::SetAway(bool away) {
  std::lock_guard lock(mutex_);
  away_ = away;
}

std::vector<int64_t> RecordingRooms::TakeRemoved() {
  std::lock_guard lock(mutex_);
  return std::exchange(removed_, {});
}

std::vector<bool> SetPresence::Online(std::span<const AccountId> accounts) {
  std::lock_guard lock(mutex_);
  std::vector<bool> online;
  for (AccountId account : accounts) online.push_back(online_.contains(account));
  return online;
}

Presence::ByGateway SetPresence::Holders(std::span<const AccountId> accounts) {
  std::lock_guard lock(mutex_);
  ByGateway holders;
  for (AccountId account : accounts) {
    const auto found = online_.find(account);
    if (found == online_.end()) continue;
    for (const std::string& gateway : found->second) holders[gateway].push_back(account);
  }
  return holders;
}

std::vector<AccountId> SetPresence::TakeEnded(int limit) {
  std::lock_guard lock(mutex_);
  std::vector<AccountId> taken;
  while (!ended_.empty() && static_cast<int>(taken.size()) < limit) {
    taken.push_back(ended_.back());
    ended_.pop_back();
  }
  return taken;
}

void SetPresence::Set(AccountId account, const std::string& gateway) {
  std::lock_guard lock(mutex_);
  online_[account].insert(gateway);
}

void SetPresence::End(AccountId account) {
  std::lock_guard lock(mutex_);
  online_.erase(account);
  ended_.push_back(account);
}

Transient::Publish RecordingRedis::Function() {
  return [this](std::vector<redis::Publication> batch, std::function<void(bool)> done) {
    {
      std::lock_guard lock(mutex_);
      for (const redis::Publication& one : batch) {
        v1::Event event;
        event.ParseFromString(one.payload);
        lines_.push_back(one.channel + ": " + EventLine(event));
      }
    }
    came_.notify_all();
    if (done) done(true);
  };
}

std::vector<std::string> RecordingRedis::Take(size_t count) {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, std::chrono::seconds(10), [&] { return lines_.size() >= count; });
  std::sort(lines_.begin(), lines_.end());
  return std::exchange(lines_, {});
}

// The superuser's URL with another database.
std::string RosterFixture::DatabaseUrl() {
  std::string url = Superuser();
  const size_t query = url.find('?');
  const std::string options = query == std::string::npos ? "" : url.substr(query);
  url = url.substr(0, query);
  const size_t authority = url.find("//") + 2;
  const size_t slash = url.find('/', authority);
  return url.substr(0, slash) + "/" + DatabaseName() + options;
}

void RosterFixture::SetUpTestSuite() {
  if (Superuser().empty()) return;
  Administer("DROP DATABASE IF EXISTS " + DatabaseName());
  Administer("CREATE DATABASE " + DatabaseName());
  const absl::Status migrated = pg::Migrate(DatabaseUrl(), "roster", kMigrations);
  ASSERT_TRUE(migrated.ok()) << migrated;
}

void RosterFixture::TearDownTestSuite() {
  if (!Superuser().empty()) Administer("DROP DATABASE IF EXISTS " + DatabaseName());
}

RosterFixture::RosterFixture() {
  if (Superuser().empty()) {
    ADD_FAILURE() << "CHAT_TEST_PG is not set";
    std::exit(1);
  }
  messaging_server_ = grpc::ServerBuilder().RegisterService(&messaging_).BuildAndStart();
  room_server_ = grpc::ServerBuilder().RegisterService(&rooms_).BuildAndStart();
  rooms_client_ = std::make_unique<Rooms>(room_server_->InProcessChannel({}));
  feeds_ = std::make_unique<Feeds>(messaging_server_->InProcessChannel({}));
  pool_ = std::make_unique<pg::Pool>(DatabaseUrl(), 8);
  outbox_ = std::make_unique<pg::Outbox>(
      *pool_, "roster",
      [this](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
        return feeds_->Apply(deadline, rows);
      },
      std::chrono::milliseconds(20));
  store_ = std::make_unique<PgRosterStore>(*pool_, *outbox_, kContactsPerRoster);
  accounts_ = std::make_unique<PgAccountStore>(*pool_, *outbox_);
  favourites_ = std::make_unique<PgFavouriteStore>(*pool_, *outbox_, kFavouriteLimits);
  audience_ = std::make_unique<PgAudience>(*pool_);
  transient_ = std::make_unique<Transient>(presence_, redis_.Function());
  herald_ = std::make_unique<Herald>(*audience_, *rooms_client_, presence_, *transient_, 100);
  directory_ = std::make_unique<PgDirectory>(*pool_);
  reader_ =
      std::make_unique<RosterReader>(*store_, *favourites_, *feeds_, *rooms_client_, presence_);
  contacts_ = std::make_unique<RosterContacts>(*store_, *accounts_, *rooms_client_, *herald_);
  roster_service_ =
      std::make_unique<RosterService>(*store_, *reader_, *contacts_, *herald_, kRostersPerPhone);
  friend_service_ = std::make_unique<FriendService>(*store_, presence_, kRequestsPerDay);
  search_service_ = std::make_unique<SearchService>(*store_, *directory_, presence_, *rooms_client_,
                                                    kSearchLimits);
  tag_service_ = std::make_unique<TagService>(*store_, *favourites_);
  star_service_ = std::make_unique<StarService>(*store_, *favourites_, *feeds_);
  loc_service_ = std::make_unique<LocService>(*transient_);
  internal_ = std::make_unique<RosterInternal>(RosterInternal::Parts{
      *store_, *reader_, *accounts_, *audience_, presence_, *rooms_client_, *herald_, *transient_});
  server_ = grpc::ServerBuilder()
                .RegisterService(roster_service_.get())
                .RegisterService(friend_service_.get())
                .RegisterService(search_service_.get())
                .RegisterService(tag_service_.get())
                .RegisterService(star_service_.get())
                .RegisterService(loc_service_.get())
                .RegisterService(internal_.get())
                .BuildAndStart();
  const auto channel = server_->InProcessChannel({});
  rosters_ = v1::RosterService::NewStub(channel);
  friends_ = v1::FriendService::NewStub(channel);
  searches_ = v1::SearchService::NewStub(channel);
  tags_ = v1::TagService::NewStub(channel);
  stars_ = v1::StarService::NewStub(channel);
  locs_ = v1::LocService::NewStub(channel);
  inside_ = v1::RosterInternal::NewStub(channel);
}

RosterFixture::~RosterFixture() {
  if (server_ == nullptr) return;
  messaging_.SetAway(false);
  server_->Shutdown();
  herald_.reset();
  outbox_.reset();
  messaging_server_->Shutdown();
  room_server_->Shutdown();
}

Person RosterFixture::Join(const std::string& name) {
  static std::atomic<int64_t> next{1};
  Person person;
  person.account = {1000 + next++};
  person.phone = "38067" + std::to_string(1000000 + person.account.value);
  const auto rosters = store_->Ensure(Soon(), person.account, person.phone);
  EXPECT_TRUE(rosters.ok()) << rosters.status();
  person.roster = rosters->front().id;
  person.phone_id = rosters->front().phone_id().text();
  RosterPatch patch;
  patch.names = name;
  patch.email = name + "@example.org";
  const absl::Status written =
      store_->Write(Soon(), person.account, person.roster, patch,
                    [](const RosterRow&) { return std::vector<v1::Change>(); });
  EXPECT_TRUE(written.ok()) << written;
  EXPECT_TRUE(store_->DeliverAccount(Soon(), person.account).ok());
  messaging_.Take();
  return person;
}

void RosterFixture::Befriend(const Person& a, const Person& b) {
  EXPECT_EQ(Friend(Verb::kRequest, a, b), absl::OkStatus());
  EXPECT_EQ(Friend(Verb::kConfirm, b, a), absl::OkStatus());
  messaging_.Take();
}

absl::Status RosterFixture::Friend(Verb verb, const Person& who, const std::string& whom,
                                   v1::Io* io, const v1::Packet* packet) {
  using Stub = v1::FriendService::Stub;
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const v1::Friend&, v1::Reply*);
  static const std::map<Verb, Method> kMethods = {
      {Verb::kRequest, &Stub::Request}, {Verb::kConfirm, &Stub::Confirm},
      {Verb::kRevoke, &Stub::Revoke},   {Verb::kBan, &Stub::Ban},
      {Verb::kUnban, &Stub::Unban},     {Verb::kMute, &Stub::Mute},
      {Verb::kUnmute, &Stub::Unmute}};
  v1::Friend request;
  request.set_phone_id(who.phone_id);
  request.set_friend_id(whom);
  v1::Reply reply;
  const absl::Status status = As(who, kMethods.at(verb), *friends_, request, &reply, packet);
  io->Clear();
  if (reply.records_size() > 0) *io = reply.records(0).io();
  return status;
}

absl::Status RosterFixture::Friend(Verb verb, const Person& who, const Person& whom) {
  v1::Io io;
  return Friend(verb, who, whom.phone_id, &io);
}

std::string RosterFixture::Entry(const Person& who, const Person& whom) {
  const auto contacts = store_->ContactsOf(Soon(), who.roster);
  EXPECT_TRUE(contacts.ok()) << contacts.status();
  for (const ContactRow& contact : *contacts) {
    if (contact.peer.id == whom.roster) return std::string(StateName(contact.side.state));
  }
  return "";
}

std::vector<std::string> Told(const std::vector<v1::Change>& changes) {
  std::vector<std::string> lines;
  for (const v1::Change& change : changes) lines.push_back(Line(change));
  return lines;
}

}  // namespace chat::roster
