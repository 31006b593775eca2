// What Person/set writes (PROTOCOL 5.2, 4.3). Pure.
#pragma once

#include <string_view>

#include "chat/v1/call.pb.h"

namespace chat::profile {

// Whether `id` names the caller: the own phone, or one of the own phone ids.
bool IsOwnPerson(const v1::Caller& caller, std::string_view id);

// Fields 2 to 15 and 17 of `request` go into `stored`: an unset field and an empty list leave what
// is there, an empty text clears it.
void MergePerson(const v1::Person& request, v1::Person* stored);

}  // namespace chat::profile
