#include "http/dialects/openai/chat_edit.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/openai/chat_system.hpp"
#include "http/dialects/openai/json_cursor.hpp"

#include <algorithm>

namespace synapse::http {

namespace {

/// These bytes become that text.
struct splice {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string text;
};

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_string_without_quotes(std::string_view text) {
  auto out = json_string(text);
  return out.substr(1, out.size() - 2);
}

std::string reasoning_line(std::string_view effort) {
  return std::string{detail::reasoning_label} + ' ' + std::string{effort};
}

/// One body and what is to be done to it.
class editor {
public:
  editor(std::string_view body, const chat_view& view) : body_(body), view_(view) {}

  void edit(const chat_edits& edits) {
    if (edits.model)
      set_model(*edits.model);
    for (const auto& field : edits.fields)
      set_if_missing(field);
    if (view_.has_messages)
      edit_system_message(edits);
    if (edits.remove_synapse)
      remove_synapse();
    if (!new_members_.empty())
      replace(view_.open + 1, view_.open + 1,
              new_members_ + (removed_ < view_.member_count ? "," : ""));
  }

  std::string take() {
    // Insertions at one place keep their order, and go before what is removed there.
    std::stable_sort(splices_.begin(), splices_.end(), [](const splice& a, const splice& b) {
      return a.begin < b.begin || (a.begin == b.begin && a.end < b.end);
    });
    std::size_t size = body_.size();
    for (const auto& one : splices_)
      size += one.text.size();
    std::string out;
    out.reserve(size);
    std::size_t at = 0;
    for (const auto& one : splices_) {
      out.append(body_.substr(at, one.begin - at)).append(one.text);
      at = one.end;
    }
    return out.append(body_.substr(at));
  }

private:
  void replace(std::uint32_t begin, std::uint32_t end, std::string text) {
    splices_.push_back({begin, end, std::move(text)});
  }
  void replace(byte_range where, std::string text) {
    replace(where.begin, where.end, std::move(text));
  }

  void add_member(chat_key key, std::string_view json) {
    if (!new_members_.empty())
      new_members_ += ',';
    new_members_.append(1, '"').append(to_string(key)).append("\":").append(json);
  }

  void set_model(std::string_view model) {
    const auto json = json_string(model);
    if (view_.find(chat_key::model) == nullptr)
      add_member(chat_key::model, json);
    // Each of them: a backend to which the first counts must not take another.
    for (const auto& member : view_.members)
      if (member.key == chat_key::model)
        replace(member.value, json);
  }

  void set_if_missing(const chat_edits::field& field) {
    const auto* member = view_.find(field.key);
    if (member == nullptr)
      add_member(field.key, field.json);
    else if (member->value.of(body_) == "null")
      replace(member->value, field.json);
  }

  /// Each goes with the comma in front of it; those that nothing stays in front of, with the one
  /// behind.
  void remove_synapse() {
    auto front = view_.open; // where the object begins, as far as anything stays
    for (const auto& member : view_.members) {
      if (member.key != chat_key::synapse)
        continue;
      ++removed_;
      if (member.separator != front) {
        replace(member.separator, member.value.end, {});
        continue;
      }
      const detail::json_cursor behind(body_, member.value.end);
      const bool more = behind.peek() == ',';
      front = behind.at();
      replace(member.name.begin, more ? front + 1 : member.value.end, {});
    }
  }

  void edit_system_message(const chat_edits& edits) {
    const auto* message = detail::find_system_message(body_, view_);
    if (message == nullptr)
      insert_system_message(edits);
    else if (!edits.reasoning_effort.empty() && !detail::has_reasoning_line(body_, view_))
      append_line(*message, reasoning_line(edits.reasoning_effort));
  }

  void insert_system_message(const chat_edits& edits) {
    auto text = edits.system_prompt;
    if (!edits.reasoning_effort.empty() && !detail::has_reasoning_line(text))
      text += (text.empty() ? "" : "\n") + reasoning_line(edits.reasoning_effort);
    if (text.empty())
      return;
    const auto behind = view_.find(chat_key::messages)->value.begin + 1;
    replace(behind, behind,
            R"({"role":"system","content":)" + json_string(text) +
                (view_.message_count > 0 ? "}," : "}"));
  }

  void append_line(const chat_message& message, const std::string& line) {
    const auto content = message.content;
    if (content.empty()) {
      const auto behind = message.all.begin + 1; // it has a role
      replace(behind, behind, "\"content\":" + json_string(line) + ",");
      return;
    }
    const auto value = content.of(body_);
    if (value == "null") {
      replace(content, json_string(line));
    } else if (value.front() == '"') {
      const auto text = json_string_without_quotes((value.size() > 2 ? "\n" : "") + line);
      replace(content.end - 1, content.end - 1, text);
    } else if (value.front() == '[') {
      const bool empty = detail::json_cursor(body_, content.begin + 1).peek() == ']';
      replace(content.end - 1, content.end - 1,
              (empty ? "" : ",") + (R"({"type":"text","text":)" + json_string(line)) + "}");
    }
  }

  std::string_view body_;
  const chat_view& view_;
  std::vector<splice> splices_;
  std::string new_members_;
  std::size_t removed_ = 0;
};

} // namespace

bool chat_edits::empty() const noexcept {
  return !model && !remove_synapse && fields.empty() && system_prompt.empty() &&
         reasoning_effort.empty();
}

void replace_model(std::string& out, std::string_view body, const chat_view& view,
                   std::string_view model) {
  out.clear();
  out.reserve(body.size() + model.size() + 16);
  std::size_t done = 0;
  if (view.find(chat_key::model) == nullptr && view.open < body.size()) {
    done = view.open + 1;
    out.append(body.substr(0, done)).append(R"("model":)");
    append_json_string(out, model);
    if (view.member_count > 0)
      out += ',';
  }
  for (const auto& member : view.members) {
    if (member.key != chat_key::model)
      continue;
    out.append(body.substr(done, member.value.begin - done));
    append_json_string(out, model);
    done = member.value.end;
  }
  out.append(body.substr(done));
}

std::string apply_edits(std::string_view body, const chat_view& view, const chat_edits& edits) {
  if (view.open >= body.size() || body[view.open] != '{')
    return std::string{body}; // no request
  editor work(body, view);
  work.edit(edits);
  return work.take();
}

} // namespace synapse::http
