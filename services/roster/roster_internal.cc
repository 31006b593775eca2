#include "services/roster/roster_internal.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

void AddOwn(const RosterRow& row, v1::RostersReply& reply) {
  v1::OwnRoster& own = *reply.add_own();
  own.set_id(row.id.value);
  own.set_phone_id(row.phone_id().text());
}

constexpr size_t kMaxPeople = 20'000;

// The roster ids that the request names, and what phone those had that were named by phone id.
struct Named {
  std::vector<RosterId> ids;
  std::map<RosterId, std::string> phones;  // empty: named by roster id
};

Named NamedIn(const v1::PeopleRequest& request) {
  Named named;
  for (const std::string& text : request.phone_ids()) {
    const std::optional<PhoneId> id = PhoneId::Parse(text);
    if (id) named.phones.emplace(id->roster, id->phone);
  }
  for (int64_t id : request.roster_ids()) named.phones[{id}].clear();
  for (const auto& [id, phone] : named.phones) named.ids.push_back(id);
  return named;
}

void SetPerson(const PersonRow& person, RosterId viewer, bool online, v1::RosterPerson& out) {
  const RosterRow& row = person.roster;
  out.set_roster_id(row.id.value);
  out.set_account_id(row.account.value);
  out.set_phone_id(row.phone_id().text());
  out.set_names(row.names.value_or(""));
  out.set_surnames(row.surnames.value_or(""));
  out.set_nick(row.nick.value_or(""));
  out.set_avatar(row.avatar.value_or(""));
  if (person.is_friend || row.id == viewer) out.set_email(row.email.value_or(""));
  out.set_online(online && !person.barred);
  out.set_friend_(person.is_friend);
}

}  // namespace

grpc::Status RosterInternal::EnsureRoster(grpc::ServerContext* context,
                                          const v1::EnsureRosterRequest* request,
                                          v1::RostersReply* reply) {
  return rpc::Serve(
      context, "RosterInternal/EnsureRoster", [&](const rpc::Call& call) -> absl::Status {
        const std::optional<std::string> phone = NormalisePhone(request->phone());
        if (request->account_id() <= 0 || !phone) {
          return absl::InvalidArgumentError("EnsureRosterRequest: no account id or no phone");
        }
        const AccountId account{request->account_id()};
        CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                              parts_.store.Ensure(call.deadline, account, *phone));
        CHAT_RETURN_IF_ERROR(parts_.store.DeliverAccount(call.deadline, account));
        for (const RosterRow& row : rosters) {
          AddOwn(row, *reply);
          *reply->add_rosters() = RosterHeader(row, v1::Roster::STATUS_UNSET);
        }
        return absl::OkStatus();
      });
}

grpc::Status RosterInternal::Rosters(grpc::ServerContext* context,
                                     const v1::RostersRequest* request, v1::RostersReply* reply) {
  return rpc::Serve(context, "RosterInternal/Rosters", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                          parts_.store.RostersOf(call.deadline, {request->account_id()}));
    for (const RosterRow& row : rosters) {
      AddOwn(row, *reply);
      CHAT_ASSIGN_OR_RETURN(*reply->add_rosters(),
                            parts_.reader.Full(call, row, v1::Roster::STATUS_UNSET));
    }
    return absl::OkStatus();
  });
}

grpc::Status RosterInternal::People(grpc::ServerContext* context, const v1::PeopleRequest* request,
                                    v1::PeopleReply* reply) {
  return rpc::Serve(context, "RosterInternal/People", [&](const rpc::Call& call) -> absl::Status {
    const Named named = NamedIn(*request);
    if (named.ids.size() > kMaxPeople) return absl::InvalidArgumentError("PeopleRequest: too many");
    const RosterId viewer{request->viewer()};
    CHAT_ASSIGN_OR_RETURN(std::vector<PersonRow> people,
                          parts_.accounts.People(call.deadline, viewer, named.ids));
    std::erase_if(people, [&](const PersonRow& person) {
      const std::string& phone = named.phones.at(person.roster.id);
      return !phone.empty() && phone != person.roster.phone;
    });
    std::vector<AccountId> accounts;
    for (const PersonRow& person : people) accounts.push_back(person.roster.account);
    const std::vector<bool> online = parts_.presence.Online(accounts);
    for (size_t i = 0; i < people.size(); ++i) {
      SetPerson(people[i], viewer, online[i], *reply->add_people());
    }
    return absl::OkStatus();
  });
}

grpc::Status RosterInternal::PutAccount(grpc::ServerContext* context,
                                        const v1::PutAccountRequest* request,
                                        v1::PutAccountReply*) {
  return rpc::Serve(context, "RosterInternal/PutAccount",
                    [&](const rpc::Call& call) -> absl::Status {
                      if (request->account_id() <= 0) {
                        return absl::InvalidArgumentError("PutAccountRequest.account_id: missing");
                      }
                      return parts_.accounts.Put(
                          call.deadline, {{request->account_id()},
                                          request->version(),
                                          request->search(),
                                          {request->emails().begin(), request->emails().end()}});
                    });
}

grpc::Status RosterInternal::RenameAccount(grpc::ServerContext* context,
                                           const v1::RenameAccountRequest* request,
                                           v1::RostersReply* reply) {
  return rpc::Serve(
      context, "RosterInternal/RenameAccount", [&](const rpc::Call& call) -> absl::Status {
        const std::optional<std::string> phone = NormalisePhone(request->phone());
        if (request->account_id() <= 0 || !phone) {
          return absl::InvalidArgumentError("RenameAccountRequest: no account id or no phone");
        }
        const AccountId account{request->account_id()};
        // Asked before the locks: none outlives a wait for Redis.
        const bool online = parts_.presence.Online({&account, 1}).front();
        CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                              parts_.accounts.Rename(call.deadline, account, *phone, online));
        for (const RosterRow& row : rosters) {
          AddOwn(row, *reply);
          *reply->add_rosters() = RosterHeader(row, v1::Roster::STATUS_UNSET);
        }
        return absl::OkStatus();
      });
}

grpc::Status RosterInternal::RemoveAccount(grpc::ServerContext* context,
                                           const v1::RemoveAccountRequest* request,
                                           v1::RemoveAccountReply*) {
  return rpc::Serve(context, "RosterInternal/RemoveAccount",
                    [&](const rpc::Call& call) -> absl::Status {
                      const AccountId account{request->account_id()};
                      CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                                            parts_.store.RostersOf(call.deadline, account));
                      std::vector<RosterId> ids;
                      for (const RosterRow& row : rosters) ids.push_back(row.id);
                      if (!ids.empty()) CHAT_RETURN_IF_ERROR(parts_.rooms.Leave(call, ids));
                      return parts_.accounts.Remove(call.deadline, account);
                    });
}

absl::Status RosterInternal::RelayToPhone(const rpc::Call& call, AccountId publisher,
                                          const std::string& phone, v1::Event event) {
  CHAT_ASSIGN_OR_RETURN(const std::optional<AccountId> receiver,
                        parts_.audience.Reachable(call.deadline, publisher, phone));
  if (!receiver) return rpc::Refuse(v1::PERMISSION_DENIED, "topic: neither own nor a friend's");
  parts_.transient.ToAccount(*receiver, std::move(event));
  return absl::OkStatus();
}

absl::Status RosterInternal::RelayToFriends(const rpc::Call& call, AccountId publisher,
                                            const std::string& phone_id, v1::Event event) {
  const absl::Status refused = rpc::Refuse(v1::PERMISSION_DENIED, "topic: not an own phone id");
  const std::optional<PhoneId> id = PhoneId::Parse(phone_id);
  if (!id) return refused;
  CHAT_ASSIGN_OR_RETURN(const std::optional<RosterRow> row,
                        parts_.store.Find(call.deadline, id->roster));
  if (!row || row->account != publisher || row->phone != id->phone) return refused;
  CHAT_ASSIGN_OR_RETURN(auto friends, parts_.audience.Friends(call.deadline, {row->id}));
  parts_.transient.ToAccounts({{std::move(event), std::move(friends[row->id])}});
  return absl::OkStatus();
}

grpc::Status RosterInternal::Relay(grpc::ServerContext* context, const v1::RelayRequest* request,
                                   v1::RelayReply*) {
  return rpc::Serve(context, "RosterInternal/Relay", [&](const rpc::Call& call) -> absl::Status {
    const std::string& topic = request->topic();
    v1::Event event;
    event.set_topic(topic);
    if (request->has_record()) *event.mutable_record() = request->record();
    if (request->has_payload()) event.set_payload(request->payload());
    event.set_qos(request->qos());
    event.set_trace(request->trace().empty() ? call.trace : request->trace());
    const AccountId publisher{request->account_id()};
    if (topic.starts_with("ses/")) {
      return RelayToPhone(call, publisher, topic.substr(4), std::move(event));
    }
    if (topic.starts_with("ac/")) {
      return RelayToFriends(call, publisher, topic.substr(3), std::move(event));
    }
    return rpc::Refuse(v1::PERMISSION_DENIED, "topic: neither ses/ nor ac/");
  });
}

grpc::Status RosterInternal::Online(grpc::ServerContext* context, const v1::OnlineRequest* request,
                                    v1::OnlineReply*) {
  return rpc::Serve(context, "RosterInternal/Online", [&](const rpc::Call&) {
    for (int64_t account : request->account_id()) parts_.herald.Changed({account});
    return absl::OkStatus();
  });
}

grpc::Status RosterInternal::Announce(grpc::ServerContext* context,
                                      const v1::AnnounceRequest* request, v1::AnnounceReply*) {
  return rpc::Serve(context, "RosterInternal/Announce", [&](const rpc::Call&) {
    parts_.herald.Changed({request->account_id()});
    return absl::OkStatus();
  });
}

}  // namespace chat::roster
