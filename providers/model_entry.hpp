/// @file
/// Internal: entries of lists of models, read without trusting who has made them.
#pragma once

#include "http/core/json/json_members.hpp"
#include "providers/discovered_model.hpp"

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::providers {

using http::detail::json_array;
using http::detail::json_element;
using http::detail::json_object;

/// Reads what an entry says besides its name.
using entry_reader = void (*)(const json_object& from, discovered_model& into);

/// Where a list has its entries and their names; the first key that is there counts, an empty one
/// does not.
struct list_form {
  std::array<std::string_view, 2> entries;
  std::array<std::string_view, 2> names;
};

/// A list in an object, or as the whole answer. `null` is a list without models.
listing read_list(std::string_view body, const list_form& form, entry_reader read);

/// OpenAI's list with everything that servers are known to add to it.
listing read_openai_list(std::string_view body);
void read_openai_entry(const json_object& from, discovered_model& into);

/// Text that can be a model's name; nothing: it is none, or too long.
std::optional<std::string_view> usable_name(const json_object& from, std::string_view key);
bool is_usable_name(std::string_view name) noexcept;
void add_further(discovered_model& into, std::string_view name);

/// A number of tokens; 0: there is none.
std::size_t tokens_member(const json_object& from, std::string_view key);
std::size_t tokens_of(const json_element& value);
/// True, false, or nothing.
std::optional<bool> flag_member(const json_object& from, std::string_view key);
bool has_text(const json_array& list, std::string_view text);

/// What is said of a capability; what was said before does not count any more.
void say(discovered_model& of, config::capability what, bool yes) noexcept;
/// All kinds of requests that the model is not there for.
void say_only(discovered_model& of, std::initializer_list<config::capability> kinds) noexcept;

/// The beginning of an answer, for people.
std::string excerpt(std::string_view body);

} // namespace synapse::providers
