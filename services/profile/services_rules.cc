#include "services/profile/services_rules.h"

#include <algorithm>

#include "libs/base/ids.h"
#include "libs/courier/mail_address.h"

namespace chat::profile {
namespace {

constexpr char kEmail[] = "email";
constexpr char kPhone[] = "phone";
constexpr char kAdded[] = "added";
constexpr char kVerified[] = "verified";
constexpr char kSearch[] = "SEARCH";

v1::Service* FindMail(v1::Profile* profile, const std::string& address) {
  const std::string folded = courier::FoldedAddress(address);
  for (v1::Service& service : *profile->mutable_services()) {
    if (service.type() == kEmail && courier::FoldedAddress(service.login()) == folded) {
      return &service;
    }
  }
  return nullptr;
}

v1::Service* AddService(v1::Profile* profile, const std::string& address) {
  v1::Service* service = profile->add_services();
  service->set_type(kEmail);
  service->set_login(address);
  return service;
}

v1::PutAccountRequest::Search Hidden(const v1::Feature& feature) {
  const std::string& name = feature.key().empty() ? feature.id() : feature.key();
  if (name != kSearch) return v1::PutAccountRequest::EVERYBODY;
  if (feature.value() == "none") return v1::PutAccountRequest::NOBODY;
  if (feature.value() == "friends") return v1::PutAccountRequest::FRIENDS;
  return v1::PutAccountRequest::EVERYBODY;
}

}  // namespace

std::optional<MailClaim> MailClaimOf(const v1::Profile& request) {
  if (request.services_size() != 1) return std::nullopt;
  const v1::Service& service = request.services(0);
  if (service.type() != kEmail || !courier::IsMailAddress(service.login())) return std::nullopt;
  return MailClaim{service.login(), service.password()};
}

std::optional<std::string> MoveCodeOf(const v1::Profile& request, const std::string& phone) {
  if (request.services_size() != 1) return std::nullopt;
  const v1::Service& service = request.services(0);
  if (service.type() != kPhone || NormalisePhone(service.login()) != phone) return std::nullopt;
  return service.password();
}

bool AddMail(v1::Profile* profile, const std::string& address, size_t limit) {
  if (FindMail(profile, address) != nullptr) return true;
  auto& services = *profile->mutable_services();
  const auto is_mail = [](const v1::Service& service) { return service.type() == kEmail; };
  if (static_cast<size_t>(std::count_if(services.begin(), services.end(), is_mail)) >= limit) {
    auto oldest = std::find_if(services.begin(), services.end(), [&](const v1::Service& service) {
      return is_mail(service) && service.status() == kAdded;
    });
    if (oldest == services.end()) return false;
    services.erase(oldest);
  }
  AddService(profile, address)->set_status(kAdded);
  return true;
}

void VerifyMail(v1::Profile* profile, const std::string& address) {
  v1::Service* service = FindMail(profile, address);
  if (service == nullptr) service = AddService(profile, address);
  service->set_status(kVerified);
}

v1::PutAccountRequest DirectoryEntry(const v1::Profile& profile) {
  v1::PutAccountRequest entry;
  for (const v1::Feature& feature : profile.settings()) {
    entry.set_search(std::max(entry.search(), Hidden(feature)));
  }
  for (const v1::Service& service : profile.services()) {
    if (service.type() == kEmail && service.status() == kVerified) {
      entry.add_emails(service.login());
    }
  }
  return entry;
}

}  // namespace chat::profile
