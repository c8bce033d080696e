"""What a run saw: collected while it runs, and written as text, JUnit XML and HAR when it has finished."""
