#include "services/profile/person_service.h"

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/profile/person_rules.h"

namespace chat::profile {
namespace {

absl::Status CheckOwn(const rpc::Call& call, const v1::Person& person) {
  if (IsOwnPerson(call.caller, person.id())) return absl::OkStatus();
  return rpc::Refuse(v1::NOT_AUTHORIZED, "Person.id: is not the own phone or phone id");
}

}  // namespace

absl::Status PersonService::Answer(const rpc::Call& call, v1::Person person,
                                   v1::Person::Status status, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(std::optional<Account> account,
                        store_.Find(call.deadline, AccountId{call.caller.account_id()}));
  if (!account) return absl::NotFoundError("there is no such account");
  person.set_id(account->profile.phone());
  person.set_balance(account->profile.balance());
  person.set_status(status);
  *reply->add_records()->mutable_person() = std::move(person);
  return absl::OkStatus();
}

grpc::Status PersonService::Get(grpc::ServerContext* context, const v1::Person* request,
                                v1::Reply* reply) {
  return rpc::Serve(context, "PersonService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_ASSIGN_OR_RETURN(v1::Person person,
                          store_.FindPerson(call.deadline, AccountId{call.caller.account_id()}));
    return Answer(call, std::move(person), v1::Person::GET, reply);
  });
}

grpc::Status PersonService::Set(grpc::ServerContext* context, const v1::Person* request,
                                v1::Reply* reply) {
  return rpc::Serve(context, "PersonService/Set", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_ASSIGN_OR_RETURN(
        std::optional<v1::Person> person,
        store_.ChangePerson(call.deadline, AccountId{call.caller.account_id()},
                            [&](v1::Person* stored) { MergePerson(*request, stored); }));
    if (!person) return absl::NotFoundError("there is no such account");
    return Answer(call, *std::move(person), v1::Person::SET, reply);
  });
}

}  // namespace chat::profile
