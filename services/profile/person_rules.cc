#include "services/profile/person_rules.h"

#include <vector>

#include "libs/base/ids.h"

namespace chat::profile {

bool IsOwnPerson(const v1::Caller& caller, std::string_view id) {
  if (NormalisePhone(id) == caller.phone()) return true;
  for (const v1::OwnRoster& roster : caller.rosters()) {
    if (roster.phone_id() == id) return true;
  }
  return false;
}

void MergePerson(const v1::Person& request, v1::Person* stored) {
  v1::Person written = request;
  written.clear_id();
  written.clear_balance();
  written.clear_status();
  const google::protobuf::Reflection* reflection = written.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(written, &fields);
  for (const auto* field : fields) reflection->ClearField(stored, field);
  stored->MergeFrom(written);
}

}  // namespace chat::profile
