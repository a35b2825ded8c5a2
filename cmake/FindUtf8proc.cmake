# Finds the Unicode library utf8proc as Debian's libutf8proc-dev installs it, which has no CMake package.
# Defines the imported target Utf8proc::utf8proc and Utf8proc_VERSION.
find_path(UTF8PROC_INCLUDE_DIR utf8proc.h)
find_library(UTF8PROC_LIBRARY utf8proc)
if(UTF8PROC_INCLUDE_DIR AND EXISTS "${UTF8PROC_INCLUDE_DIR}/utf8proc.h")
  file(STRINGS "${UTF8PROC_INCLUDE_DIR}/utf8proc.h" _utf8proc_version
    REGEX "#define UTF8PROC_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
  string(REGEX MATCHALL " [0-9]+" _utf8proc_version "${_utf8proc_version}")
  list(JOIN _utf8proc_version "." Utf8proc_VERSION)
  string(REPLACE " " "" Utf8proc_VERSION "${Utf8proc_VERSION}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Utf8proc REQUIRED_VARS UTF8PROC_LIBRARY UTF8PROC_INCLUDE_DIR
  VERSION_VAR Utf8proc_VERSION)
if(Utf8proc_FOUND AND NOT TARGET Utf8proc::utf8proc)
  add_library(Utf8proc::utf8proc UNKNOWN IMPORTED)
  set_target_properties(Utf8proc::utf8proc PROPERTIES
    IMPORTED_LOCATION "${UTF8PROC_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${UTF8PROC_INCLUDE_DIR}")
endif()
