#include "services/roster/roster_internal.h"

#include <map>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
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
                              store_.Ensure(call.deadline, account, *phone));
        CHAT_RETURN_IF_ERROR(store_.DeliverAccount(call.deadline, account));
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
                          store_.RostersOf(call.deadline, {request->account_id()}));
    for (const RosterRow& row : rosters) {
      AddOwn(row, *reply);
      CHAT_ASSIGN_OR_RETURN(*reply->add_rosters(),
                            reader_.Full(call, row, v1::Roster::STATUS_UNSET));
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
                          accounts_.People(call.deadline, viewer, named.ids));
    std::erase_if(people, [&](const PersonRow& person) {
      const std::string& phone = named.phones.at(person.roster.id);
      return !phone.empty() && phone != person.roster.phone;
    });
    std::vector<AccountId> accounts;
    for (const PersonRow& person : people) accounts.push_back(person.roster.account);
    const std::vector<bool> online = presence_.Online(accounts);
    for (size_t i = 0; i < people.size(); ++i) {
      SetPerson(people[i], viewer, online[i], *reply->add_people());
    }
    return absl::OkStatus();
  });
}

grpc::Status RosterInternal::PutAccount(grpc::ServerContext* context,
                                        const v1::PutAccountRequest* request,
                                        v1::PutAccountReply*) {
  return rpc::Serve(
      context, "RosterInternal/PutAccount", [&](const rpc::Call& call) -> absl::Status {
        if (request->account_id() <= 0) {
          return absl::InvalidArgumentError("PutAccountRequest.account_id: missing");
        }
        return accounts_.Put(call.deadline, {{request->account_id()},
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
        const bool online = presence_.Online({&account, 1}).front();
        CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                              accounts_.Rename(call.deadline, account, *phone, online));
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
                                            store_.RostersOf(call.deadline, account));
                      std::vector<RosterId> ids;
                      for (const RosterRow& row : rosters) ids.push_back(row.id);
                      if (!ids.empty()) CHAT_RETURN_IF_ERROR(rooms_.Leave(call, ids));
                      return accounts_.Remove(call.deadline, account);
                    });
}

}  // namespace chat::roster
