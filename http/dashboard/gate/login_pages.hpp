/// @file
/// The pages that are there without the front end: login, and how to get the rest.
#pragma once

#include <string>
#include <string_view>

namespace synapse::api {

/// A form that posts `access_token` to /dashboard/login. @param problem shown above it; may be
/// empty.
std::string login_page(std::string_view problem);

/// Says why nobody gets in and what to do about it: without a token no login could succeed.
std::string closed_page(std::string_view reason);

/// Says how the front end is built.
std::string unbuilt_page();

/// Their style sheet.
std::string_view login_style();
/// Has a login lead back to the section whose address the login page has.
std::string_view login_script();
/// SVG of the gateway's sign.
std::string_view icon();

} // namespace synapse::api
