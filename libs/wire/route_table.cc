#include "libs/wire/route_table.h"

#include <absl/strings/str_cat.h>

#include <cstdlib>
#include <iostream>
#include <unordered_map>

#include "chat/v1/files.h"
#include "libs/base/status.h"

namespace chat::wire {

namespace pb = google::protobuf;

namespace {

struct ErrorAtoms {
  std::unordered_map<std::string, v1::ErrorCode> codes;
  std::unordered_map<int, std::string> atoms;
};

const ErrorAtoms& Errors() {
  static const ErrorAtoms& errors = *[] {
    auto* made = new ErrorAtoms;
    const pb::EnumDescriptor& type = *v1::ErrorCode_descriptor();
    for (int i = 0; i < type.value_count(); ++i) {
      const std::string& atom = type.value(i)->options().GetExtension(::bert::atom);
      made->codes[atom] = static_cast<v1::ErrorCode>(type.value(i)->number());
      made->atoms[type.value(i)->number()] = atom;
    }
    return made;
  }();
  return errors;
}

// "roster" of "chat/v1/roster.proto".
std::string Stem(const std::string& file) {
  const size_t begin = file.rfind('/') + 1;
  return file.substr(begin, file.rfind('.') - begin);
}

}  // namespace

class RouteTableBuilder {
 public:
  explicit RouteTableBuilder(RouteTable* table) : table_(table) {}

  absl::Status AddFile(const pb::FileDescriptor& file) {
    for (int i = 0; i < file.service_count(); ++i) {
      for (int j = 0; j < file.service(i)->method_count(); ++j) {
        const pb::MethodDescriptor& method = *file.service(i)->method(j);
        for (int k = 0; k < method.options().ExtensionSize(::bert::route); ++k) {
          CHAT_RETURN_IF_ERROR(AddMethod(method, method.options().GetExtension(::bert::route, k)));
        }
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status AddMethod(const pb::MethodDescriptor& method, const ::bert::Route& declared) {
    auto wrong = [&](const std::string& what) {
      return absl::InvalidArgumentError(method.full_name() + ": " + what);
    };
    auto route = std::make_unique<Route>();
    route->record = RecordTable::Get().ByDescriptor(method.input_type());
    if (route->record == nullptr) return wrong("the request is no record");
    if (method.output_type() != v1::Reply::descriptor()) return wrong("the reply is no Reply");
    route->name = route->record->tag + "/" + declared.selector();
    route->path = "/" + method.service()->full_name() + "/" + method.name();
    route->service = Stem(method.file()->name());
    const rules::Access& access = method.options().GetExtension(rules::access);
    for (int state : access.state()) route->states.push_back(static_cast<rules::State>(state));
    if (route->states.empty()) route->states.push_back(rules::AUTHENTICATED);
    for (auto [atom, code] : {std::pair(&access.refused(), &route->refused),
                              std::pair(&access.not_own(), &route->not_own)}) {
      if (atom->empty()) continue;
      *code = ErrorOf(*atom);
      if (*code == v1::ERROR_CODE_UNSET) return wrong("unknown error " + *atom);
    }
    for (const std::string& name : access.own()) {
      const pb::FieldDescriptor* field = method.input_type()->FindFieldByName(name);
      if (field == nullptr) return wrong("unknown field " + name);
      route->own.push_back(field);
    }
    route->token = access.token();
    route->ordered_by = access.ordered_by();
    return Enter(method, declared, std::move(route));
  }

  absl::Status Enter(const pb::MethodDescriptor& method, const ::bert::Route& declared,
                     std::unique_ptr<Route> route) {
    std::vector<std::string> atoms(declared.also().begin(), declared.also().end());
    atoms.push_back(declared.selector());
    const Slot* selector = route->record->selector;
    for (const std::string& atom : atoms) {
      int number = 0;
      if (selector != nullptr) {
        auto found = selector->fields[0].numbers.find(atom);
        if (found == selector->fields[0].numbers.end()) {
          return absl::InvalidArgumentError(method.full_name() + ": unknown selector " + atom);
        }
        number = found->second;
      }
      if (!table_->by_key_.emplace(std::pair(route->record, number), route.get()).second) {
        return absl::InvalidArgumentError(method.full_name() + ": a second route for " + atom);
      }
    }
    table_->routes_.push_back(std::move(route));
    return absl::OkStatus();
  }

  RouteTable* table_;
};

absl::StatusOr<std::unique_ptr<RouteTable>> RouteTable::Build() {
  auto table = std::make_unique<RouteTable>();
  RouteTableBuilder builder(table.get());
  for (const pb::FileDescriptor* file : v1::Files()) {
    CHAT_RETURN_IF_ERROR(builder.AddFile(*file));
  }
  return table;
}

const RouteTable& RouteTable::Get() {
  static const RouteTable& table = *[] {
    auto built = Build();
    if (!built.ok()) {
      std::cerr << "route table: " << Message(built.status()) << std::endl;
      std::abort();
    }
    return built->release();
  }();
  return table;
}

const Route* RouteTable::Find(const RecordType& type, const pb::Message& message) const {
  int number = 0;
  if (type.selector != nullptr) {
    number = message.GetReflection()->GetEnumValue(message, type.selector->fields[0].descriptor);
  }
  auto found = by_key_.find({&type, number});
  return found == by_key_.end() ? nullptr : found->second;
}

std::string RouteTable::Describe() const {
  std::map<std::string, std::string> lines;
  for (const auto& route : routes_) {
    std::string line = absl::StrCat(route->name, " -> ", route->service, " ", route->path, " [");
    for (rules::State state : route->states) absl::StrAppend(&line, " ", rules::State_Name(state));
    absl::StrAppend(&line, " ] else ", AtomOf(route->refused));
    for (const auto* field : route->own) {
      absl::StrAppend(&line, "; own ", field->name(), " else ", AtomOf(route->not_own));
    }
    if (!route->ordered_by.empty()) absl::StrAppend(&line, "; ordered by ", route->ordered_by);
    lines[route->name] = line;
  }
  std::string text;
  for (const auto& [name, line] : lines) text += line + "\n";
  return text;
}

const std::string& AtomOf(v1::ErrorCode code) { return Errors().atoms.at(code); }

v1::ErrorCode ErrorOf(const std::string& atom) {
  auto found = Errors().codes.find(atom);
  return found == Errors().codes.end() ? v1::ERROR_CODE_UNSET : found->second;
}

}  // namespace chat::wire
